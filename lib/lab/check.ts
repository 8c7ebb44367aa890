/**
 * Checks that reach across a lab: names that must exist, names that must be there once. Runs after
 * each part has been read, so every error can point at the name that is wrong.
 */
import { type Place, VethworkError } from "../base/errors.ts";
import { kubectlWords } from "../kube/kubectl/command.ts";
import { immediate } from "../shell/command.ts";
import { type CommandSet, commandSet } from "../shell/command-set.ts";
import { LAB_COMMANDS } from "../shell/commands.ts";
import { checkCommand } from "../shell/shell.ts";
import { doorsWords } from "./cluster/control-plane/doors.ts";
import type { Lab } from "./lab.ts";
import { type Located, withPlace } from "./schema/kind.ts";
import { KUBECTL_HOST, type RunStep, type Step } from "./schema/step.ts";
import type { Topology } from "./schema/topology.ts";
import type { DeviceName } from "./schema/values.ts";

/** Throws `VW_LAB` at the first name that leads nowhere or is given twice. */
export function checkReferences(lab: Lab, root: Place): void {
  if ((lab.topology?.nodes ?? []).length === 0) {
    throw new VethworkError("VW_LAB", "the lab has no network", "topology: or cluster:", root);
  }
  const names = new Names(lab);
  if (lab.topology !== null) checkTopology(lab.topology, names);
  for (const { name, on } of lab.processes) {
    names.checkHost(on);
    names.addProgram(name);
  }
  for (const step of lab.steps) checkStep(step, names);
  for (const expectation of lab.expectations) {
    if (expectation.kind === "command") checkRun(expectation.step, names);
    else for (const one of expectation.on) names.checkCaptured(one);
  }
  const { devices } = lab.capture;
  if (typeof devices !== "string") {
    for (const one of devices) names.checkCaptured(one);
  }
}

/**
 * Throws `VW_COMMAND` at the first command line that the emulated hosts cannot carry out: wrong
 * syntax, commands and options that do not exist there.
 */
export function checkCommands(lab: Lab): void {
  // With a control plane there is kubectl, and Pods have images.
  const hasImages = lab.cluster !== null && lab.cluster.controlPlane !== null;
  const runs = [
    ...lab.steps.flatMap(runsOf),
    ...lab.expectations.flatMap((one) => (one.kind === "command" ? [one.step] : [])),
  ];
  const lines = [
    ...(lab.topology?.setup ?? []).map(({ command }) => command),
    ...lab.processes.map(({ command }) => command),
    ...runs.filter((run) => !hasImages || !isInContainer(run)).map(({ command }) => command),
  ];
  const commands = hasImages
    ? commandSet("dash", [kubectlWords, doorsWords], LAB_COMMANDS)
    : LAB_COMMANDS;
  for (const { value, place } of lines) withPlace(place, () => checkCommand(value, commands));
  for (const { command } of hasImages ? runs.filter(isInContainer) : []) {
    withPlace(command.place, () => checkCommand(command.value, ANY_COMMANDS));
  }
}

function runsOf(step: Step): readonly RunStep[] {
  if (step.kind === "run") return [step];
  return step.kind === "parallel" ? step.commands : [];
}

/** `pod/web`, `deployment/web`: which commands it has is known once it runs. */
function isInContainer({ on }: RunStep): boolean {
  return on.value.includes("/") && !/^nodes?\//.test(on.value);
}

/** Commands of any name, so that only the syntax of a line is looked at. */
const ANY_COMMANDS: CommandSet = {
  shell: "dash",
  find: (name) => ({ name, parse: () => immediate(() => 0) }),
  names: () => [],
};

function checkTopology(topology: Topology, names: Names): void {
  const ends = new Map<string, Place>();
  for (const link of topology.links) {
    for (const end of link.ends) {
      names.checkNode(end.node, end.place);
      const name = `${end.node}:${end.device}`;
      if (end.device === "lo") {
        throw new VethworkError("VW_LAB", `"${name}" is a loopback`, "another name", end.place);
      }
      const other = ends.get(name);
      if (other !== undefined) {
        throw new VethworkError(
          "VW_LAB",
          `"${name}" is the end of a second link`,
          `the first is at line ${other.line}`,
          end.place,
        );
      }
      ends.set(name, end.place);
    }
    for (const { name, place } of link.from) {
      const own = link.ends.map((end) => `${end.node}:${end.device}`);
      if (!own.includes(name)) {
        throw new VethworkError(
          "VW_LAB",
          `"${name}" is no end of this link`,
          `one of ${own.join(", ")}`,
          place,
        );
      }
    }
  }
  for (const { node } of [...topology.files, ...topology.setup]) {
    names.checkNode(node.value, node.place);
  }
}

function checkStep(step: Step, names: Names): void {
  switch (step.kind) {
    case "run":
      checkRun(step, names);
      break;
    case "parallel":
      for (const one of step.commands) checkRun(one, names);
      break;
    case "link":
      checkDevice(step.device, names);
      break;
    case "kill":
      names.checkProgram(step.process);
      break;
    case "crash":
      names.checkControlPlane(step.place);
      break;
    case "apply":
    case "delete":
      names.checkCluster(step.place);
      break;
    case "wait":
      break;
  }
}

function checkRun(step: RunStep, names: Names): void {
  names.checkHost(step.on);
  if (step.name !== null && step.background) {
    names.addProgram({ value: step.name, place: step.place });
  }
}

function checkDevice(device: Located<DeviceName>, names: Names): void {
  names.checkNode(device.value.node, device.place);
}

/** What the lab calls by name. */
class Names {
  readonly #nodes: readonly string[];
  readonly #hasCluster: boolean;
  readonly #hasControlPlane: boolean;
  readonly #programs = new Map<string, Place>();

  constructor(lab: Lab) {
    const all = lab.topology?.nodes ?? [];
    const seen = new Set<string>();
    for (const { name, place } of all) {
      if (seen.has(name)) throw new VethworkError("VW_LAB", `a second node "${name}"`, "", place);
      seen.add(name);
    }
    this.#nodes = [...seen];
    this.#hasCluster = lab.cluster !== null;
    this.#hasControlPlane = lab.cluster !== null && lab.cluster.controlPlane !== null;
  }

  checkNode(name: string, place: Place): void {
    if (this.#nodes.includes(name)) return;
    const known = this.#nodes.length === 0 ? "there are none" : this.#nodes.join(", ");
    throw new VethworkError("VW_LAB", `there is no node "${name}"`, `nodes: ${known}`, place);
  }

  /** A host whose frames are captured: with a control plane it may be a Pod that comes later. */
  checkCaptured({ value, place }: Located<DeviceName>): void {
    if (!this.#hasControlPlane) this.checkNode(value.node, place);
  }

  checkCluster(place: Place): void {
    if (this.#hasCluster) return;
    throw new VethworkError("VW_LAB", "there is no cluster with objects", "cluster:", place);
  }

  checkControlPlane(place: Place): void {
    if (this.#hasControlPlane) return;
    throw new VethworkError("VW_LAB", "there is no control plane", "cluster: manifests:", place);
  }

  /** Pods come and go, so their names are looked up when a step needs them. */
  checkHost(host: Located<string>): void {
    if (host.value === KUBECTL_HOST) {
      this.checkControlPlane(host.place);
      return;
    }
    if (this.#hasControlPlane && host.value.includes("/")) return;
    if (this.#hasCluster && host.value.startsWith("pod/")) {
      this.checkNode(host.value.slice("pod/".length), host.place);
      return;
    }
    this.checkNode(host.value, host.place);
  }

  addProgram(name: Located<string>): void {
    const other = this.#programs.get(name.value);
    if (other !== undefined) {
      throw new VethworkError(
        "VW_LAB",
        `a second program "${name.value}"`,
        `the first is at line ${other.line}`,
        name.place,
      );
    }
    this.#programs.set(name.value, name.place);
  }

  checkProgram(name: Located<string>): void {
    if (this.#programs.has(name.value)) return;
    const known = [...this.#programs.keys()].join(", ");
    throw new VethworkError(
      "VW_LAB",
      `no program "${name.value}" has been started`,
      known === "" ? "processes or steps with background: true and a name" : `programs: ${known}`,
      name.place,
    );
  }
}
