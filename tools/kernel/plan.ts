/**
 * A lab as the kernel's engine takes it: plain data, all of it decided here, so that the engine
 * only carries out. Durations are in ns.
 */
import { assert } from "../../lib/base/assert.ts";
import { formatMac, type Mac, macFromName } from "../../lib/base/mac.ts";
import { NS_PER_MS, type Ns } from "../../lib/base/units.ts";
import type { NodeInvocation } from "../../lib/lab/cluster/run.ts";
import type { Lab } from "../../lib/lab/lab.ts";
import type { Link, LinkEnd } from "../../lib/lab/schema/link.ts";
import type { CrashStep, ObjectsStep, RunStep, Step } from "../../lib/lab/schema/step.ts";
import type { ImpairmentOptions } from "../../lib/link/impairment.ts";

/** A network and what happens in it. */
export interface KernelPlan {
  readonly nodes: readonly { readonly name: string; readonly sysctls: readonly Setting[] }[];
  /** Of every node, before its own: what the emulated hosts have and this kernel may not. */
  readonly sysctls: readonly Setting[];
  readonly links: readonly PlannedLink[];
  readonly files: readonly {
    readonly node: string;
    readonly path: string;
    readonly base64: string;
  }[];
  readonly setup: readonly PlannedAct[];
  readonly processes: readonly PlannedProgram[];
  readonly steps: readonly PlannedStep[];
  /** From the setup to the captures. */
  readonly quietNs: Ns;
  /** From the start of the processes to the first step. */
  readonly startNs: Ns;
  /** From the last step to the end of the captures. */
  readonly settleNs: Ns;
  /** Names such as `h1/eth0`; null for all devices but the loopbacks. */
  readonly captureInterfaces: readonly string[] | null;
  /** Frames that each interface's ring holds. */
  readonly captureSlots: number;
  /** The processor that everything runs on, or null for any. */
  readonly cpu: number | null;
}

/** A sysctl's name and value. */
export type Setting = readonly [name: string, value: string];

interface PlannedLink {
  readonly ends: readonly {
    readonly node: string;
    readonly device: string;
    readonly mac: string;
  }[];
  readonly mtu: number;
  readonly lines: readonly (PlannedLine | null)[];
}

/** What a line does; numbers of frames are keys where a frame has a value. */
interface PlannedLine {
  readonly delayNs: Ns;
  readonly rateBps: number;
  readonly limit: number;
  readonly drop: readonly number[];
  readonly duplicate: readonly number[];
  readonly corrupt: { readonly [frame: string]: number };
  readonly delay: { readonly [frame: string]: Ns };
}

interface PlannedProgram {
  readonly name: string;
  readonly on: string;
  readonly run: string;
  readonly stdin: string | null;
}

interface PlannedCommand {
  readonly on: string;
  readonly run: string;
  readonly stdin: string | null;
  readonly name: string | null;
  readonly timeoutNs: Ns;
}

/** A command that must succeed and whose output does not matter. */
interface PlannedAct {
  readonly on: string;
  readonly run: string;
  readonly stdin: string | null;
}

type PlannedStep =
  | (PlannedCommand & { readonly kind: "run"; readonly background: boolean })
  | { readonly kind: "wait"; readonly durationNs: Ns }
  | { readonly kind: "link"; readonly node: string; readonly device: string; readonly up: boolean }
  | { readonly kind: "kill"; readonly process: string; readonly signal: number }
  | { readonly kind: "act"; readonly commands: readonly PlannedAct[] }
  | { readonly kind: "parallel"; readonly commands: readonly PlannedCommand[] };

/** What the caller of a plan decides. */
export interface PlanOptions {
  /** Reads a file beside the lab. */
  readonly readFile: (path: string) => Uint8Array;
  readonly cpu: number | null;
  /** What the kube-proxies of the lab's cluster have done on the emulator, if it has one. */
  readonly invocations: readonly NodeInvocation[];
}

/**
 * A namespace takes these from the machine, whose memory and owner decide; the emulated hosts have
 * these.
 */
const STOCK_SYSCTLS: readonly Setting[] = [
  ["net.ipv4.tcp_rmem", "4096 131072 33554432"],
  ["net.ipv4.tcp_wmem", "4096 16384 4194304"],
];

/** Programs need this long to be ready: an interpreter starts. */
const SHORTEST_START = 600 * NS_PER_MS;
const SHORTEST_LINGER = 300 * NS_PER_MS;
/** With IPv6 and IGMP silent a new network says nothing; this is for carrier events. */
const QUIET = 100 * NS_PER_MS;
const CAPTURE_SLOTS = 8192;

/** Why the kernel's engine cannot run a lab, or null if it can. */
export function obstacle(lab: Lab): string | null {
  if (lab.verify.emulatorOnly !== null) return lab.verify.emulatorOnly;
  if (lab.topology === null) return "it has no network";
  if (lab.cluster !== null && lab.cluster.controlPlane !== null) {
    return "a control plane and its kubelets are the emulator's own";
  }
  const lines = lab.topology.links.flatMap(({ lines }) => lines);
  return lines.some((line) => line !== null && leavesToChance(line))
    ? "a link of it leaves something to chance"
    : null;
}

/** The plan of a lab that has no obstacle. */
export function planOf(lab: Lab, options: PlanOptions): KernelPlan {
  const { topology } = lab;
  if (topology === null) throw new Error("vethwork invariant broken: a lab without topology");
  const checks = lab.expectations.flatMap((one) => (one.kind === "command" ? [one.step] : []));
  return {
    nodes: topology.nodes.map(({ name, sysctls }) => ({
      name,
      sysctls: sysctls.map((setting): Setting => [setting.name, setting.value]),
    })),
    sysctls: STOCK_SYSCTLS,
    links: topology.links.map(plannedLink),
    files: topology.files.map(({ node, path, source }) => ({
      node: node.value,
      path,
      base64: Buffer.from(
        source.kind === "text" ? source.text : options.readFile(source.path),
      ).toString("base64"),
    })),
    setup: [
      ...topology.setup.map(({ node, command }) => ({
        on: node.value,
        run: command.value,
        stdin: null,
      })),
      ...actsOf(options.invocations, 0),
    ],
    processes: lab.processes.map(({ name, on, command, stdin }) => ({
      name: name.value,
      on: on.value,
      run: command.value,
      stdin: stdin,
    })),
    steps: plannedSteps([...lab.steps, ...checks], options.invocations),
    quietNs: QUIET,
    startNs: lab.processes.length === 0 ? 0 : Math.min(lab.timing.readyNs, SHORTEST_START),
    settleNs: Math.max(SHORTEST_LINGER, lab.timing.lingerNs),
    captureInterfaces: interfacesOf(lab),
    captureSlots: CAPTURE_SLOTS,
    cpu: options.cpu,
  };
}

/** The address of a link's end: its own, or the one that its names make. */
export function linkEndMac({ node, device, mac }: LinkEnd): Mac {
  return mac ?? macFromName(`${node}/${device}`);
}

function interfacesOf({ capture }: Lab): string[] | null {
  if (capture.devices === "all") return null;
  if (capture.devices === "none") return [];
  return capture.devices.map(({ value }) => `${value.node}/${value.device}`);
}

function leavesToChance(line: ImpairmentOptions): boolean {
  const { loss, duplicate, corrupt, reorder, jitterNs } = line;
  return jitterNs > 0 || [loss, duplicate, corrupt, reorder].some(({ share }) => share > 0);
}

function plannedLink(link: Link): PlannedLink {
  return {
    ends: link.ends.map((end) => ({
      node: end.node,
      device: end.device,
      mac: formatMac(linkEndMac(end)),
    })),
    mtu: link.mtu,
    lines: link.lines.map((line) => (line === null ? null : plannedLine(line))),
  };
}

function plannedLine({ delayNs, rateBps, limit, exact }: ImpairmentOptions): PlannedLine {
  return {
    delayNs,
    rateBps,
    limit,
    drop: [...exact.drop],
    duplicate: [...exact.duplicate],
    corrupt: Object.fromEntries(exact.corrupt),
    delay: Object.fromEntries(exact.delay),
  };
}

function plannedSteps(
  steps: readonly Step[],
  invocations: readonly NodeInvocation[],
): PlannedStep[] {
  let changes = 0;
  return steps.map((step) => {
    assert(step.kind !== "crash", "only a cluster with a control plane has Pods that crash");
    if (!changesObjects(step)) return plannedStep(step);
    changes += 1;
    return { kind: "act", commands: actsOf(invocations, changes) };
  });
}

function changesObjects(step: Step): step is ObjectsStep {
  return step.kind === "apply" || step.kind === "delete";
}

/**
 * What kube-proxy did after a change, for a machine without one. That nothing was found is fine.
 * Ports of the userspace proxy are told whom they will dial: that is kube-proxy's decision too.
 */
function actsOf(invocations: readonly NodeInvocation[], after: number): PlannedAct[] {
  return invocations
    .filter(({ change }) => change === after)
    .map(({ node, run, stdin, dialled = [] }) => ({
      on: node,
      run: run.startsWith("conntrack ") ? `${run} || true` : [run, ...dialled].join(" "),
      stdin: stdin?.text ?? null,
    }));
}

function plannedStep(step: Exclude<Step, ObjectsStep | CrashStep>): PlannedStep {
  switch (step.kind) {
    case "run":
      return { kind: "run", ...plannedCommand(step), background: step.background };
    case "parallel":
      return { kind: "parallel", commands: step.commands.map(plannedCommand) };
    case "wait":
      return { kind: "wait", durationNs: step.durationNs };
    case "link":
      return { kind: "link", ...step.device.value, up: step.up };
    case "kill":
      return { kind: "kill", process: step.process.value, signal: step.signal };
  }
}

function plannedCommand(step: RunStep): PlannedCommand {
  const { on, command, stdin, name, timeoutNs } = step;
  return { on: on.value, run: command.value, stdin, name, timeoutNs };
}
