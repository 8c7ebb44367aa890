/**
 * The hints that the annotation service.kubernetes.io/topology-mode asks for: each zone gets a
 * share of a Service's endpoints by the CPUs of its nodes, so that no endpoint carries more than a
 * fifth too much; without such a share there are no hints at all.
 *
 * Spec: kubernetes staging endpointslice, topologycache (topologycache.go, utils.go, sliceinfo.go),
 * v1.36.
 * Differs: among equal zones Kubernetes takes any; here the first by name gives and receives.
 */
import { parseQuantity } from "../api/quantity.ts";
import type { Endpoint, EndpointSlice, Node, StringMap } from "../api/types.ts";
import { deepEqual } from "../deep-equal.ts";
import { ZONE_LABEL } from "../objects.ts";
import { isNodeReady } from "./pods.ts";
import type { EndpointGroup, SlicePlan } from "./slice-plan.ts";

const OVERLOAD = 0.2;
const OLD_ANNOTATION = "service.kubernetes.io/topology-aware-hints";
const ANNOTATION = "service.kubernetes.io/topology-mode";
const WITHOUT_SHARE = [
  "node-role.kubernetes.io/control-plane",
  "node-role.kubernetes.io/master",
] as const;

/** What an Event says of a Service's hints. */
export interface HintsNote {
  readonly type: "Normal" | "Warning";
  readonly reason: "TopologyAwareHintsEnabled" | "TopologyAwareHintsDisabled";
  readonly message: string;
}

/** How many endpoints a zone should have: at least, at most, and best. */
interface Share {
  readonly least: number;
  readonly most: number;
  readonly desired: number;
}

type Shares = ReadonlyMap<string, Share>;
type Counts = Map<string, number>;

/** One slice to be written, with endpoints that may be given other hints. */
interface Draft {
  readonly group: EndpointGroup & { readonly slice?: EndpointSlice };
  readonly endpoints: Endpoint[];
}

/** Whether a Service has the annotation. */
export function wantsTopologyHints(annotations: StringMap | undefined): boolean {
  const mode = annotations?.[OLD_ANNOTATION] ?? annotations?.[ANNOTATION];
  return mode === "Auto" || mode === "auto";
}

/** What is known of the zones, and which Services have hints. */
export class TopologyHints {
  readonly #nodes: () => readonly Node[];
  /** The share of all CPUs that each zone has; null: it cannot be said. */
  #ratios: ReadonlyMap<string, number> | null = null;
  /** Whether `#ratios` says how the nodes are now; they are counted when somebody asks. */
  #isCurrent = false;
  /** The endpoints that each zone has been given, by Service. */
  readonly #given = new Map<string, ReadonlyMap<string, number>>();

  constructor(nodes: () => readonly Node[]) {
    this.#nodes = nodes;
  }

  /** Nodes have changed; returns the keys of the Services whose hints have become unfit. */
  nodesChanged(): string[] {
    this.#isCurrent = false;
    return [...this.#given].filter(([, counts]) => this.#isUnfit(counts)).map(([key]) => key);
  }

  /** A Service has no such hints any more; says whether it had some. */
  remove(key: string): HintsNote | null {
    if (!this.#given.delete(key)) return null;
    return disabled("Topology Aware Hints configuration was changed to disabled");
  }

  /** The plan with hints, as the shares of the zones ask for them; or without. */
  add(key: string, plan: SlicePlan): { readonly plan: SlicePlan; readonly note: HintsNote | null } {
    const ready = [...plan.create, ...plan.keep].flatMap(({ endpoints }) =>
      endpoints.filter(isReady),
    );
    const shares = this.#shares(ready.length);
    if (typeof shares === "string") return this.#without(key, plan, shares);
    if (ready.some(({ zone = "" }) => zone === "")) {
      return this.#without(key, plan, "One or more endpoints do not have a zone specified");
    }
    const given: Counts = new Map();
    const kept = new Set<EndpointGroup>();
    for (const group of plan.keep) if (keepsHints(group, given, shares)) kept.add(group);
    const drafts = [...plan.create, ...plan.keep]
      .filter((group) => !kept.has(group))
      .map((group): Draft => ({ group, endpoints: group.endpoints.map(inOwnZone) }));
    for (const { endpoints } of drafts) {
      for (const { zone = "" } of endpoints.filter(isReady)) count(given, zone, 1);
    }
    redistribute(drafts, shares, given);
    if (given.size === 0) return this.#without(key, plan, "No hints allocated for zones");
    const note: HintsNote | null = this.#given.has(key)
      ? null
      : {
          type: "Normal",
          reason: "TopologyAwareHintsEnabled",
          message: "Topology Aware Hints has been enabled, addressType: IPv4",
        };
    this.#given.set(key, given);
    const hinted = new Map(drafts.map(({ group, endpoints }) => [group, endpoints]));
    return {
      plan: {
        create: plan.create.map((group) => ({ ...group, endpoints: hinted.get(group) ?? [] })),
        keep: plan.keep.map((group) => ({
          ...group,
          endpoints: hinted.get(group) ?? group.slice.endpoints ?? [],
        })),
        remove: plan.remove,
      },
      note,
    };
  }

  #without(key: string, plan: SlicePlan, why: string) {
    this.#given.delete(key);
    return { plan, note: disabled(why) };
  }

  /** The share of each zone in so many endpoints; or why there is none. */
  #shares(endpoints: number): Shares | string {
    const ratios = this.#zoneRatios();
    if (ratios === null) {
      return "Insufficient Node information: allocatable CPU or zone not specified on one or more nodes";
    }
    const counts = `(${endpoints} endpoints, ${ratios.size} zones)`;
    if (ratios.size > endpoints) return `Insufficient number of endpoints ${counts}`;
    const leasts = new Map([...ratios].map(([zone, ratio]) => [zone, leastOf(ratio * endpoints)]));
    const spare = endpoints - [...leasts.values()].reduce((sum, least) => sum + least, 0);
    if (spare < 0) {
      return `Unable to allocate minimum required endpoints to each zone without exceeding overload threshold ${counts}`;
    }
    return new Map(
      [...ratios].map(([zone, ratio]) => {
        const least = leasts.get(zone) ?? 0;
        return [zone, { least, most: least + spare, desired: Math.max(ratio * endpoints, least) }];
      }),
    );
  }

  #isUnfit(given: ReadonlyMap<string, number>): boolean {
    if (given.size === 0) return false;
    const ratios = this.#zoneRatios();
    if (ratios === null) return true;
    const total = [...given.values()].reduce((sum, number) => sum + number, 0);
    return [...ratios].some(([zone, ratio]) => (given.get(zone) ?? -1) < leastOf(total * ratio));
  }

  #zoneRatios(): ReadonlyMap<string, number> | null {
    if (!this.#isCurrent) this.#ratios = ratiosOf(this.#nodes());
    this.#isCurrent = true;
    return this.#ratios;
  }
}

function disabled(why: string): HintsNote {
  return {
    type: "Warning",
    reason: "TopologyAwareHintsDisabled",
    message: `${why}, addressType: IPv4`,
  };
}

/** With fewer endpoints a zone's would be overloaded. */
function leastOf(desired: number): number {
  return Math.ceil(desired * (1 / (1 + OVERLOAD)));
}

/** The CPUs of each zone's ready nodes in proportion to all; null: some node does not say. */
function ratiosOf(nodes: readonly Node[]): ReadonlyMap<string, number> | null {
  const counted = nodes.filter(
    (node) =>
      WITHOUT_SHARE.every((label) => node.metadata.labels?.[label] === undefined) &&
      isNodeReady(node),
  );
  const byZone: Counts = new Map();
  let total = 0;
  for (const { metadata, status } of counted) {
    const zone = metadata.labels?.[ZONE_LABEL] ?? "";
    const cpus = parseQuantity(String(status.allocatable?.["cpu"] ?? "0"));
    if (zone === "" || !(cpus > 0)) return null;
    count(byZone, zone, cpus);
    total += cpus;
  }
  if (byZone.size < 2) return null;
  const zones = [...byZone].sort(([a], [b]) => (a < b ? -1 : 1));
  return new Map(zones.map(([zone, cpus]) => [zone, cpus / total]));
}

function isReady({ conditions }: Endpoint): boolean {
  return conditions?.ready === true;
}

function inOwnZone(endpoint: Endpoint): Endpoint {
  const { hints: _hints, ...plain } = endpoint;
  if (!isReady(endpoint) || endpoint.zone === undefined) return plain;
  return { ...plain, hints: { forZones: [{ name: endpoint.zone }] } };
}

function count(counts: Counts, zone: string, by: number): void {
  counts.set(zone, (counts.get(zone) ?? 0) + by);
}

/** Whether a slice that does not change may keep its hints; they are then counted. */
function keepsHints(
  { slice, endpoints }: SlicePlan["keep"][number],
  given: Counts,
  shares: Shares,
): boolean {
  const present = slice.endpoints ?? [];
  const plain = present.map(({ hints: _hints, ...rest }) => rest);
  if (!deepEqual(plain, endpoints)) return false;
  const counts: Counts = new Map();
  for (const { hints } of present.filter(isReady)) {
    const zones = hints?.forZones ?? [];
    if (zones.length === 0 || zones.some(({ name }) => !shares.has(name))) return false;
    for (const { name } of zones) count(counts, name, 1);
  }
  for (const [zone, number] of counts) {
    if (number + (given.get(zone) ?? 0) > (shares.get(zone)?.most ?? 0)) return false;
  }
  for (const [zone, number] of counts) count(given, zone, number);
  return true;
}

/** Zones with more endpoints than they need give some to those with fewer. */
function redistribute(drafts: readonly Draft[], shares: Shares, given: Counts): void {
  const { giving, receiving } = givingAndReceiving(shares, given);
  for (const { endpoints } of drafts) {
    for (const [index, endpoint] of endpoints.entries()) {
      const { zone = "" } = endpoint;
      const [to] = receiving.keys();
      if (to === undefined) return;
      if (!isReady(endpoint) || !giving.has(zone)) continue;
      endpoints[index] = { ...endpoint, hints: { forZones: [{ name: to }] } };
      takeOne(giving, zone);
      takeOne(receiving, to);
      count(given, zone, -1);
      count(given, to, 1);
    }
  }
}

function takeOne(counts: Counts, zone: string): void {
  count(counts, zone, -1);
  if (counts.get(zone) === 0) counts.delete(zone);
}

/** How many endpoints each zone gives away, and how many each gets. */
function givingAndReceiving(shares: Shares, given: ReadonlyMap<string, number>) {
  const toGive: Counts = new Map();
  const toReceive: Counts = new Map();
  for (const [zone, { desired }] of shares) {
    const over = (given.get(zone) ?? 0) - desired;
    if (over > 0) toGive.set(zone, over);
    else if (over < 0) toReceive.set(zone, -over);
  }
  const giving: Counts = new Map();
  const receiving: Counts = new Map();
  for (;;) {
    const [giver, surplus] = greatest(toGive);
    const [receiver, lack] = greatest(toReceive);
    const isLittle = (surplus < 1 && lack < 1) || surplus < 0.5 || lack < 0.5;
    if (giver === "" || receiver === "" || isLittle) return { giving, receiving };
    count(giving, giver, 1);
    count(toGive, giver, -1);
    count(receiving, receiver, 1);
    count(toReceive, receiver, -1);
  }
}

function greatest(counts: Counts): [string, number] {
  let most: [string, number] = ["", 0];
  for (const entry of counts) if (entry[1] > most[1]) most = entry;
  return most;
}
