/**
 * Makes a machine what a lab's topology says: hosts, kernel settings, links, files, commands. All
 * of it is bad input when it fails, so everything that can be known before is checked before.
 */

import { fromUtf8, utf8 } from "../base/bytes.ts";
import { ENOENT } from "../base/errno.ts";
import { type Place, VethworkError } from "../base/errors.ts";
import { NS_PER_S, type Ns } from "../base/units.ts";
import { absolutePath } from "../shell/files.ts";
import { type LiteralCommand, literalCommands } from "../shell/parse.ts";
import type { Host, Machine } from "./build.ts";
import type { Clock } from "./clock.ts";
import { RunningCommand } from "./command.ts";
import { type Located, withPlace } from "./schema/kind.ts";
import type { SetupCommand, Topology } from "./schema/topology.ts";

/** Reads a file beside the lab; null if there is none. Paths are relative to the lab's folder. */
export type ReadFile = (path: string) => Uint8Array | null;

/** A setup command that takes longer is an error. */
const SETUP_TIMEOUT: Ns = 60 * NS_PER_S;

/** A file of a node with its content. */
export interface LoadedFile {
  readonly node: string;
  readonly path: string;
  /** How errors name it. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** The content of all files that `lab` names. Throws `VW_LAB` for one that is not there. */
export function loadFiles(lab: string, topology: Topology, readFile: ReadFile): LoadedFile[] {
  return topology.files.map(({ node, path, source }) => {
    if (source.kind === "text") {
      return { node: node.value, path, name: path, bytes: utf8(source.text) };
    }
    const bytes = readFile(source.path);
    if (bytes === null) {
      throw new VethworkError(
        "VW_LAB",
        `there is no file "${source.path}"`,
        "a path from the lab's folder",
        source.place,
      );
    }
    return { node: node.value, path, name: besideLab(lab, source.path), bytes };
  });
}

/**
 * Reads the rule files that setup commands restore, so that an error has its place in the file.
 * `spare` is a host that takes part in nothing else.
 */
export function checkRuleFiles(
  topology: Topology,
  files: readonly LoadedFile[],
  spare: Host,
): void {
  for (const { node, command } of topology.setup) {
    for (const path of withPlace(command.place, () => restoredFiles(command.value))) {
      const file = files.find(
        (one) => one.node === node.value && absolutePath(one.path) === absolutePath(path),
      );
      if (file === undefined) continue;
      spare.netfilter.restore(fromUtf8(file.bytes), { file: file.name, test: true });
    }
  }
}

/** The path of a file beside the lab, from where the lab's own path begins. */
export function besideLab(lab: string, path: string): string {
  return `${lab.slice(0, lab.lastIndexOf("/") + 1)}${path}`;
}

/** Carries a topology out. Throws at the place of the first thing that fails. */
export function setUp(
  machine: Machine,
  clock: Clock,
  topology: Topology,
  files: readonly LoadedFile[],
): void {
  for (const { name, sysctls } of topology.nodes) {
    const host = machine.addHost(name);
    for (const sysctl of sysctls) setSysctl(host, sysctl.name, sysctl.value, sysctl.place);
  }
  for (const link of topology.links) machine.addLink(link);
  for (const { node, path, bytes } of files) machine.find(node)?.files.write(path, bytes);
  for (const command of topology.setup) runSetup(machine, clock, command);
}

/** Sets a kernel parameter of a host. Throws `VW_LAB`. */
export function setSysctl(host: Host, name: string, value: string, place: Place | null): void {
  const result = host.namespace.sysctls.write(name, value);
  if (result === 0) return;
  const [problem, hint] =
    result === -ENOENT
      ? [`there is no sysctl "${name}"`, "the names that sysctl -a prints"]
      : [`"${value}" is no value for ${name}`, `it is ${host.namespace.sysctls.read(name) ?? ""}`];
  throw new VethworkError("VW_LAB", problem, hint, place);
}

function runSetup(machine: Machine, clock: Clock, { node, command }: SetupCommand): void {
  const host = machine.find(node.value);
  if (host === null) return;
  const running = new RunningCommand(host, command.value, { startNs: machine.costs.startNs });
  clock.finish([{ command: running, timeoutNs: SETUP_TIMEOUT }]);
  if (running.status === 0) return;
  throw failedCommand(running, command);
}

/** The error about a command that had to succeed. */
function failedCommand(running: RunningCommand, command: Located<string>): VethworkError {
  const [firstLine = ""] = running.stderr.trim().split("\n");
  const said = firstLine === "" ? "" : `: ${firstLine}`;
  return new VethworkError(
    "VW_COMMAND",
    `"${running.line.split("\n", 1)[0]}" ends with status ${running.status}${said}`,
    "setup commands must succeed",
    command.place,
  );
}

/** The files that a command line gives to iptables-restore. */
function restoredFiles(line: string): string[] {
  return literalCommands(line).flatMap(restoredFile);
}

function restoredFile({ words, reads }: LiteralCommand): string[] {
  if (!/^(.*\/)?iptables(-legacy|-nft)?-restore$/.test(words[0] ?? "")) return [];
  const [read] = reads;
  if (read !== undefined) return [read];
  const last = words[words.length - 1] ?? "";
  return words.length > 1 && !last.startsWith("-") ? [last] : [];
}
