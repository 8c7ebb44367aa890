/**
 * What lab.yaml may say. A lab is a network (raw namespaces and links, or a cluster), programs
 * that run beside, steps, and what must hold after them. Everything is checked before anything
 * runs, and each error has file, line and column.
 */
import { NS_PER_S } from "../base/units.ts";
import { checkReferences } from "./check.ts";
import { planCluster } from "./cluster/plan.ts";
import { clusterPrograms, clusterTopology } from "./cluster/topology.ts";
import {
  type CaptureSettings,
  DEFAULT_EPOCH_SECONDS,
  DEFAULT_LAB_COSTS,
  type Lab,
  type LabCosts,
  type LabTiming,
} from "./lab.ts";
import { type Cluster, clusterKind } from "./schema/cluster.ts";
import {
  list,
  object,
  optional,
  required,
  shortOrLong,
  withDefault,
} from "./schema/collections.ts";
import { expectationKind } from "./schema/expect.ts";
import { type JsonSchema, type Kind, mapped } from "./schema/kind.ts";
import { integer, text, word } from "./schema/scalars.ts";
import type { BackgroundProgram } from "./schema/step.ts";
import { processKind, stepKind } from "./schema/steps.ts";
import { type Topology, topologyKind } from "./schema/topology.ts";
import { duration, epoch, interfaceName, label } from "./schema/values.ts";
import { DEFAULT_VERIFY, verifyKind } from "./schema/verify.ts";
import { parseYaml } from "./yaml.ts";

/** The largest seed: two 32-bit halves that a number keeps exactly. */
const MAXIMUM_SEED = Number.MAX_SAFE_INTEGER;

const DEFAULT_TIMING: LabTiming = {
  settleNs: 1.5 * NS_PER_S,
  readyNs: NS_PER_S,
  lingerNs: 0.5 * NS_PER_S,
};
const DEFAULT_SNAP_LENGTH = 262_144;
const CAPTURE_ALL: CaptureSettings = { devices: "all", snapLength: DEFAULT_SNAP_LENGTH };

const costsKind: Kind<LabCosts> = mapped(
  object("cpu", {
    hop: withDefault(duration, DEFAULT_LAB_COSTS.hopNs, "a frame through one device (2us)"),
    syscall: withDefault(duration, DEFAULT_LAB_COSTS.syscallNs, "a system call (4us)"),
    wakeup: withDefault(duration, DEFAULT_LAB_COSTS.wakeupNs, "until a woken process runs (40us)"),
    start: withDefault(duration, DEFAULT_LAB_COSTS.startNs, "until a new program runs (10ms)"),
  }),
  ({ hop, syscall, wakeup, start }) => ({
    hopNs: hop,
    syscallNs: syscall,
    wakeupNs: wakeup,
    startNs: start,
  }),
);

const timingKind: Kind<LabTiming> = mapped(
  object("timing", {
    settle: withDefault(duration, DEFAULT_TIMING.settleNs, "from setup to captures (1.5s)"),
    ready: withDefault(duration, DEFAULT_TIMING.readyNs, "from processes to steps (1s)"),
    linger: withDefault(duration, DEFAULT_TIMING.lingerNs, "from the last step to the end (500ms)"),
  }),
  ({ settle, ready, linger }) => ({ settleNs: settle, readyNs: ready, lingerNs: linger }),
);

const captureWord = word("all", "none");
const interfaceList = list(interfaceName);
const deviceSelection: Kind<CaptureSettings["devices"]> = {
  expected: "all, none, or a list of interfaces such as h1/eth0",
  jsonSchema: { anyOf: [captureWord.jsonSchema, interfaceList.jsonSchema] },
  read: (node) => (node.kind === "list" ? interfaceList.read(node) : captureWord.read(node)),
};

const captureKind: Kind<CaptureSettings> = shortOrLong(
  mapped(deviceSelection, (devices): CaptureSettings => ({ ...CAPTURE_ALL, devices })),
  mapped(
    object("capture", {
      interfaces: withDefault(deviceSelection, "all", "which devices (all but the loopbacks)"),
      snapLength: withDefault(
        integer("a number of bytes from 14 to 262144", 14, DEFAULT_SNAP_LENGTH),
        DEFAULT_SNAP_LENGTH,
        "bytes kept of each frame (all)",
      ),
    }),
    ({ interfaces, snapLength }): CaptureSettings => ({ devices: interfaces, snapLength }),
  ),
);

const labKind = object("a lab", {
  name: required(label, "a short name, as in file names"),
  description: withDefault(text(), "", "what the lab shows"),
  seed: withDefault(
    integer("a whole number from 0", 0, MAXIMUM_SEED),
    1,
    "where all random values come from; --seed overrides it",
  ),
  epoch: withDefault(epoch, DEFAULT_EPOCH_SECONDS, "wall-clock time of the start, UTC"),
  cpu: withDefault(costsKind, DEFAULT_LAB_COSTS, "how long work takes on the emulated machine"),
  timing: withDefault(timingKind, DEFAULT_TIMING, "pauses around the steps"),
  topology: optional(topologyKind, "namespaces, links, and the commands that set them up"),
  cluster: optional(clusterKind, "a Kubernetes cluster"),
  processes: withDefault(list(processKind), [], "programs that run beside all steps"),
  steps: withDefault(list(stepKind), [], "what happens, one after the other"),
  expect: withDefault(list(expectationKind), [], "what must hold after the last step"),
  capture: withDefault(captureKind, CAPTURE_ALL, "which devices are captured"),
  verify: withDefault(verifyKind, DEFAULT_VERIFY, "how the real kernel's captures are compared"),
});

/** Reads and checks a lab's text. Throws `VW_YAML` or `VW_LAB` with the place in `file`. */
export function parseLab(text: string, file: string): Lab {
  const root = parseYaml(text, file);
  const value = labKind.read(root);
  const network = networkOf(value.topology, value.cluster);
  const lab: Lab = {
    file,
    name: value.name,
    description: value.description,
    seed: value.seed,
    epochSeconds: value.epoch,
    costs: value.cpu,
    timing: value.timing,
    topology: network.topology,
    cluster: value.cluster,
    processes: [...network.programs, ...value.processes],
    steps: value.steps,
    expectations: value.expect,
    capture: value.capture,
    verify: value.verify,
  };
  checkReferences(lab, root.place);
  return lab;
}

/** The whole network: what the cluster comes to, with the raw part of the lab beside it. */
function networkOf(
  raw: Topology | null,
  cluster: Cluster | null,
): { topology: Topology | null; programs: readonly BackgroundProgram[] } {
  if (cluster === null) return { topology: raw, programs: [] };
  const plan = planCluster(cluster);
  const made = clusterTopology(plan, cluster.place);
  const topology = {
    nodes: [...made.nodes, ...(raw?.nodes ?? [])],
    links: [...made.links, ...(raw?.links ?? [])],
    files: raw?.files ?? [],
    setup: [...made.setup, ...(raw?.setup ?? [])],
  };
  return { topology, programs: clusterPrograms(plan) };
}

/** The JSON Schema of lab files, for editors. */
export function labJsonSchema(): JsonSchema {
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "vethwork lab",
    description: "A network, what happens in it, and what must hold",
    ...labKind.jsonSchema,
  };
}
