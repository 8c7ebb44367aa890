/** Plays a case of the corpus and says where it first differs from what was recorded. */
import type { KubeObject } from "../../lib/kube/objects.ts";
import type { HealthAnswer } from "../../lib/kube/proxy/node.ts";
import { play } from "../rules/play.ts";
import type { RecordingNode } from "../rules/recording-node.ts";
import { readScene } from "../rules/scene.ts";
import { firstDifference, withoutProxyPorts } from "./canon.ts";
import { type CorpusCase, filesOf, type Recording } from "./case.ts";

/** A first difference: which file, and its line in both. */
export interface Difference {
  readonly file: string;
  readonly expected: string;
  readonly actual: string;
}

/** What a proxy did, in the form of the recordings. */
interface Output {
  readonly restores: string[];
  readonly saves: string[];
  readonly conntrack: string[];
  readonly health: string[];
  sysctls: ReadonlyMap<string, number>;
}

/** Where the emulated proxy differs from a recording; null: nowhere. */
export function compareRecording(corpusCase: CorpusCase, recording: Recording): Difference | null {
  const output = playCase(corpusCase, recording);
  return (
    compareRules("restore", filesOf(recording, "restore"), output.restores) ??
    compareRules("save", filesOf(recording, "save"), output.saves) ??
    compareLines(recording, "conntrack.txt", output.conntrack.toSorted()) ??
    compareLines(recording, "healthcheck.txt", output.health) ??
    compareSysctls(recording, output)
  );
}

function playCase(corpusCase: CorpusCase, recording: Recording): Output {
  const { objects, config, nodeSetup } = corpusCase;
  const { mode, version } = recording;
  const scene = readScene(
    { objects, config, nodeSetup, node: null, mode, version, seed: 1 },
    () => {},
  );
  const output: Output = {
    restores: [],
    saves: [],
    conntrack: [],
    health: [],
    sysctls: new Map(),
  };
  play(scene, ({ node, restores, conntrackCommands }, state) => {
    const save = node.rules.save();
    output.restores.push(...restores);
    output.saves.push(recording.mode === "userspace" ? withoutProxyPorts(save) : save);
    output.conntrack.push(...conntrackCommands.map((command) => `state ${state}: ${command}`));
    output.health.push(...healthLines(scene.states[state - 1] ?? [], node, state));
    output.sysctls = node.sysctls;
  });
  return output;
}

function compareRules(
  what: "restore" | "save",
  expected: readonly string[],
  actual: readonly string[],
): Difference | null {
  for (const [index, text] of expected.entries()) {
    const difference = firstDifference(text, actual[index] ?? "");
    if (difference !== null) return { file: `${what} ${index + 1}`, ...difference };
  }
  if (expected.length === actual.length) return null;
  return { file: `number of ${what}s`, expected: `${expected.length}`, actual: `${actual.length}` };
}

function compareLines(
  recording: Recording,
  file: string,
  actual: readonly string[],
): Difference | null {
  const text = recording.files.get(file);
  if (text === undefined) {
    return actual.length === 0 ? null : { file, expected: "", actual: actual[0] ?? "" };
  }
  const expected = text.split("\n").filter((line) => line !== "");
  if (file === "conntrack.txt") expected.sort();
  for (let index = 0; index < Math.max(expected.length, actual.length); index += 1) {
    const [one = "", other = ""] = [expected[index], actual[index]];
    if (one !== other) return { file, expected: one, actual: other };
  }
  return null;
}

/** Only sysctls that kube-proxy looks at are kept here. */
function compareSysctls(recording: Recording, { sysctls }: Output): Difference | null {
  for (const line of (recording.files.get("sysctl.txt") ?? "").split("\n")) {
    const [name = "", value = ""] = line.split(" = ");
    const actual = sysctls.get(name.replaceAll(".", "/"));
    if (actual !== undefined && String(actual) !== value) {
      return { file: "sysctl.txt", expected: line, actual: `${name} = ${actual}` };
    }
  }
  return null;
}

/** The answers at the health check ports of a state's Services, as the recorder writes them. */
function healthLines(objects: readonly KubeObject[], node: RecordingNode, state: number): string[] {
  const lines: string[] = [];
  for (const object of objects) {
    if (object.kind !== "Service") continue;
    const port = object.spec.healthCheckNodePort ?? 0;
    if (port === 0) continue;
    const { namespace = "", name } = object.metadata;
    lines.push(`state ${state}: ${namespace}/${name} port ${port}`);
    const answer = node.healthChecks.get(port);
    lines.push(...(answer === undefined ? [NO_ANSWER] : answerLines(answer())));
  }
  return lines;
}

const NO_ANSWER = "  (no answer: nothing listens there)";
const REASONS = { 200: "OK", 503: "Service Unavailable" } as const;

function answerLines({ status, headers, body }: HealthAnswer): string[] {
  const lines = [`HTTP/1.1 ${status} ${REASONS[status]}`];
  for (const [name, value] of headers) lines.push(`${name}: ${value}`);
  return [...lines, ...body.split("\n")].map((line) => `  ${line}`);
}
