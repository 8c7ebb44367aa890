/**
 * Compares the writes of a case: for each object the values that each of its fields went through,
 * merged updates allowed, and over all objects that what came clearly later in the recording does
 * not come earlier here. Which of several equal Pods was hit is chance and does not count.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { canonical } from "../../lib/kube/api/names.ts";
import { plainOf } from "../../lib/lab/kubectl-files.ts";
import { parseYamlDocuments } from "../../lib/lab/yaml.ts";
import { isShown, type Json } from "./normalise.ts";
import type { Played } from "./play.ts";

/** Recorded writes closer than this, in seconds, have no order. */
const CLEARLY_LATER = 0.4;

/** One field of one object set to a value. */
interface Setting {
  readonly t: number;
  /** Kind and name without what is chance. */
  readonly group: string;
  /** The object itself, to tell those of a group apart. */
  readonly object: string;
  readonly path: string;
  readonly before: string;
  readonly after: string;
}

/** The first difference in the writes of a case, or null. */
export function compareWrites(played: readonly Played[], root: string): string | null {
  const recordedHashes = new Hashes();
  const playedHashes = new Hashes();
  for (const [index, step] of played.entries()) {
    const file = join(root, "recorded", `step-${index + 1}`, "watch.yaml");
    const text = existsSync(file) ? readFileSync(file, "utf8") : "";
    const [list] = parseYamlDocuments(text, file);
    const entries = list === undefined ? [] : (plainOf(list) as Json[]);
    const recorded = recordedSettings(entries, recordedHashes);
    const here = playedSettings(step, playedHashes);
    const difference = compareChains(recorded, here) ?? compareOrder(recorded, here);
    if (difference !== null) return `step ${index + 1}: ${difference}`;
  }
  return null;
}

/** Hashes in names, numbered in the order in which they first appear. */
class Hashes {
  readonly #numbers = new Map<string, number>();

  note(kind: string, name: string): void {
    if (kind !== "ReplicaSet" && kind !== "ControllerRevision") return;
    const hash = name.slice(name.lastIndexOf("-") + 1);
    if (!this.#numbers.has(hash)) this.#numbers.set(hash, this.#numbers.size + 1);
  }

  mask(text: string): string {
    let result = text;
    for (const [hash, number] of this.#numbers) result = result.replaceAll(hash, `H${number}`);
    return result;
  }

  group(kind: string, name: string, generated: boolean): string {
    const masked = this.mask(name);
    return `${kind} ${generated ? masked.replace(/[A-Za-z0-9]{5}$/, "*") : masked}`;
  }
}

function recordedSettings(entries: readonly Json[], hashes: Hashes): Setting[] {
  const settings: Setting[] = [];
  for (const entry of entries) {
    const kind = String(entry["kind"]);
    const name = String(entry["name"]);
    if (kind === "Node") continue;
    hashes.note(kind, name);
    const generated = /-[RS]\d{4}$/.test(name);
    const group = hashes.group(kind, name, generated);
    const t = Number(entry["t"]);
    const add = (path: string, before: unknown, after: unknown) =>
      settings.push({
        t,
        group,
        object: name,
        path: maskPath(path),
        before: mask(before, hashes),
        after: mask(after, hashes),
      });
    if (entry["type"] !== "MODIFIED") add(String(entry["type"]), null, String(entry["by"]));
    const changes = (entry["changes"] ?? {}) as Record<string, [unknown, unknown]>;
    for (const [path, [before, after]] of Object.entries(changes)) {
      if (isCompared(kind, path)) add(path, before, after);
    }
  }
  return settings;
}

function playedSettings({ watch }: Played, hashes: Hashes): Setting[] {
  const settings: Setting[] = [];
  for (const { type, object, previous, audit, t } of watch) {
    const { kind, metadata } = object;
    if (!isShown(object as unknown as Json)) continue;
    hashes.note(kind, metadata.name);
    const generated =
      metadata.generateName !== undefined &&
      kind !== "StatefulSet" &&
      /-[a-z0-9]{5}$/.test(metadata.name);
    const group = hashes.group(kind, metadata.name, generated);
    const add = (path: string, before: unknown, after: unknown) =>
      settings.push({
        t,
        group,
        object: metadata.name,
        path: maskPath(path),
        before: mask(before, hashes),
        after: mask(after, hashes),
      });
    if (type !== "MODIFIED") add(type, null, `${audit.user}: ${audit.verb}`);
    if (type !== "MODIFIED" || previous === null) continue;
    const changes: [string, unknown, unknown][] = [];
    collectChanges(previous, object, "", changes);
    for (const [path, before, after] of changes)
      if (isCompared(kind, path)) add(path, before, after);
  }
  return settings;
}

const SPEC = /^spec\.(replicas|nodeName|type|externalTrafficPolicy)$/;
const METADATA = /^metadata\.(generation|deletionGracePeriodSeconds)$/;
const STATUS = /^status\.(\w+|conditions\[\w+\]\.(status|reason))$/;
const ENDPOINT = /^endpoints\[[\d.]+\]\.conditions\.\w+$/;
/** Fields of a status that the kubelet or the cloud fills in, or that are whole lists. */
const NOT_PLAIN =
  /^status\.(conditions|hostIP|hostIPs|podIP|podIPs|startTime|containerStatuses|loadBalancer)$/;

/** Fields with plain values that say what a controller did. */
function isCompared(kind: string, path: string): boolean {
  if (METADATA.test(path)) return kind !== "EndpointSlice";
  if (NOT_PLAIN.test(path)) return false;
  return SPEC.test(path) || STATUS.test(path) || ENDPOINT.test(path);
}

/** What differs between two states of an object, by the recording's paths. */
function collectChanges(
  before: unknown,
  after: unknown,
  path: string,
  changes: [string, unknown, unknown][],
): void {
  if (canonical(before ?? null) === canonical(after ?? null)) return;
  const left = asMembers(before);
  const right = asMembers(after);
  if (left === null || right === null) {
    changes.push([path, before ?? null, after ?? null]);
    return;
  }
  const isList = Array.isArray(before);
  for (const name of new Set([...left.keys(), ...right.keys()])) {
    const inner = isList ? `${path}[${name}]` : path === "" ? name : `${path}.${name}`;
    collectChanges(left.get(name), right.get(name), inner, changes);
  }
}

/** The members of a map or list by name, type or first address; null of a plain value. */
function asMembers(value: unknown): Map<string, unknown> | null {
  if (Array.isArray(value)) {
    return new Map(
      value.map((item: Json, index) => {
        const addresses = item["addresses"];
        const name =
          item["name"] ??
          item["type"] ??
          item["ip"] ??
          (Array.isArray(addresses) ? addresses[0] : index);
        return [String(name), item];
      }),
    );
  }
  return typeof value === "object" && value !== null ? new Map(Object.entries(value)) : null;
}

function maskPath(path: string): string {
  return path.replace(/\[\d+\.\d+\.\d+\.\d+\]/, "[ip]");
}

function mask(value: unknown, hashes: Hashes): string {
  return hashes.mask(canonical(value)).replace(/"node\d+"/, '"node"');
}

/** The values of each field of each object; of one object's merged updates may leave some out. */
function compareChains(recorded: readonly Setting[], here: readonly Setting[]): string | null {
  const left = chainsOf(recorded);
  const right = chainsOf(here);
  for (const key of new Set([...left.keys(), ...right.keys()])) {
    const expected = left.get(key) ?? [];
    const actual = right.get(key) ?? [];
    const fits =
      expected.length === actual.length &&
      expected.every((chain, index) => mergeable(chain, actual[index] ?? []));
    const returns = [...expected, ...actual].every((chain) => chain[0] === chain.at(-1));
    const skipped = returns && (expected.length === 0 || actual.length === 0);
    if (!fits && !skipped && !sameEnds(key, expected, actual))
      return `${key}: recorded ${show(expected)}, here ${show(actual)}`;
  }
  return null;
}

/** Chains of values by group and path, one for each object, in an order that names do not change. */
function chainsOf(settings: readonly Setting[]): Map<string, string[][]> {
  const byObject = new Map<string, Map<string, string[]>>();
  for (const { group, path, object, before, after } of settings) {
    const key = `${group} ${path}`;
    const chains = byObject.get(key) ?? new Map<string, string[]>();
    byObject.set(key, chains);
    const chain = chains.get(object) ?? [before];
    chains.set(object, chain);
    if (chain.at(-1) !== after || path.includes("[ip]")) chain.push(after);
  }
  const result = new Map<string, string[][]>();
  for (const [key, chains] of byObject) {
    const lists = [...chains.values()].sort((a, b) => (a.join() < b.join() ? -1 : 1));
    result.set(key, lists);
  }
  return result;
}

/**
 * A Deployment's unavailable Pods are a difference of its ReplicaSets' numbers, which reach it in
 * either order: what it goes through on the way is chance.
 */
function sameEnds(key: string, expected: string[][], actual: string[][]): boolean {
  if (!key.endsWith("status.unavailableReplicas")) return false;
  return expected[0]?.at(0) === actual[0]?.at(0) && expected[0]?.at(-1) === actual[0]?.at(-1);
}

/** Whether two chains are the same but for values that a merged update skipped. */
function mergeable(a: readonly string[], b: readonly string[]): boolean {
  if (a[0] !== b[0] || a.at(-1) !== b.at(-1)) return false;
  const [short, long] = a.length < b.length ? [a, b] : [b, a];
  let at = 0;
  for (const value of long) if (value === short[at]) at += 1;
  return at === short.length;
}

function show(chains: readonly (readonly string[])[]): string {
  return chains.map((chain) => chain.join("→")).join(" | ") || "nothing";
}

/** What was clearly later in the recording is not earlier here. */
function compareOrder(recorded: readonly Setting[], here: readonly Setting[]): string | null {
  const times = onlyTimes(here);
  const marks = [...onlyTimes(recorded)]
    .map(([key, t]) => ({ key, t, here: times.get(key) }))
    .filter((mark): mark is { key: string; t: number; here: number } => mark.here !== undefined)
    .sort((a, b) => a.t - b.t);
  let passed = 0;
  let latest = { key: "", here: -1 };
  for (const mark of marks) {
    for (
      let earlier = marks[passed];
      earlier !== undefined && earlier.t <= mark.t - CLEARLY_LATER;
      earlier = marks[passed]
    ) {
      if (earlier.here > latest.here) latest = earlier;
      passed += 1;
    }
    if (latest.here > mark.here + 0.05) return `${mark.key} comes before ${latest.key}`;
  }
  return null;
}

/** When each field of each group was set to each value, of what happened once. */
function onlyTimes(settings: readonly Setting[]): Map<string, number> {
  const times = new Map<string, number>();
  const again = new Set<string>();
  for (const { group, path, after, t } of settings) {
    const key = `${group} ${path}=${after}`;
    if (times.has(key)) again.add(key);
    times.set(key, t);
  }
  for (const key of again) times.delete(key);
  return times;
}
