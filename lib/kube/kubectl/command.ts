/**
 * kubectl as a command of the shell: what the API server answers at once, and what takes time —
 * `wait`, `rollout status`, deletions that are waited for, `exec` and `logs`, which a kubelet
 * answers.
 *
 * Spec: kubectl v1.36.
 * Differs: requests are no packets; each takes a fixed time.
 */
import { fromUtf8 } from "../../base/bytes.ts";
import { VethworkError } from "../../base/errors.ts";
import { NS_PER_MS, type Ns } from "../../base/units.ts";
import { type Command, type CommandContext, immediate, notModelled } from "../../shell/command.ts";
import { type Program, sleep } from "../../sim/process.ts";
import type { ApiServer } from "../api/server.ts";
import { type Arguments, parseArguments } from "./arguments.ts";
import { attach, isAttached, runAttached } from "./attach.ts";
import { cp } from "./cp.ts";
import { drain } from "./drain.ts";
import { edit } from "./edit-object.ts";
import { exec } from "./exec.ts";
import { config, contextNamespace } from "./kubeconfig.ts";
import { kubectl } from "./kubectl.ts";
import { logs } from "./logs.ts";
import type { ManifestFiles } from "./manifest.ts";
import { Output } from "./output.ts";
import { portForward } from "./port-forward.ts";
import { type KubectlSurroundings, printed } from "./surroundings.ts";
import { awaitGone, rolloutStatus, targetsOf, waitCommand } from "./wait.ts";
import { watch } from "./watch.ts";

/** From a request to its answer. */
const REQUEST_NS: Ns = 5 * NS_PER_MS;

const NOT_MODELLED = ["debug", "proxy"];

/** The command. */
export function kubectlCommand(around: KubectlSurroundings): Command {
  return {
    name: "kubectl",
    parse(words) {
      const args = readWords(words);
      return function* (context) {
        if (args.command === "config") return configure(around, args, context);
        yield sleep(REQUEST_NS);
        const { files } = context.host;
        let placed: Arguments | null = null;
        const refused = printed(context.io, () => {
          placed = parseArguments(words, contextNamespace(files, around.readManifests, args));
        });
        return placed === null ? refused : yield* runKubectl(around, words, placed, context);
      };
    },
  };
}

function configure(
  { readManifests }: KubectlSurroundings,
  args: Arguments,
  { host, io }: CommandContext,
): number {
  return printed(io, (output) => config(host.files, readManifests, args, output));
}

/** The command without a cluster: only its words can be checked. */
export const kubectlWords: Command = {
  name: "kubectl",
  parse(words) {
    readWords(words);
    return immediate(() => 1);
  },
};

function readWords(words: readonly string[]): Arguments {
  const args = parseArguments(words);
  if (NOT_MODELLED.includes(args.command)) {
    throw notModelled(
      "kubectl",
      args.command,
      "get, describe, apply, edit, exec, cp, logs, wait …",
    );
  }
  return args;
}

function runKubectl(
  around: KubectlSurroundings,
  words: readonly string[],
  args: Arguments,
  context: CommandContext,
): Program<number> {
  const { io } = context;
  if (args.problem !== null) return atOnce(around, words, args, context);
  switch (args.command) {
    case "attach":
      return attach(around, args, io);
    case "cp":
      return copyFiles(around, args, context);
    case "edit":
      return edit(around, args, context);
    case "run":
      return isAttached(args)
        ? runAttached(around, args, io)
        : atOnce(around, words, args, context);
    case "wait":
      return waitCommand(around, args, io);
    case "exec":
      return exec(around, args, io);
    case "logs":
      return logs(around, args, io);
    case "get":
      return isWatch(args) ? watch(around, args, io) : atOnce(around, words, args, context);
    case "port-forward":
      return portForward(around, args, context);
    case "rollout":
      if (args.words[0] === "status" && args.option("watch") !== "false") {
        return rolloutStatus(around, args, io);
      }
      return atOnce(around, words, args, context);
    case "drain":
      return drain(around, args, io);
    case "delete":
      return andWaitUntilGone(around, words, args, context);
    default:
      return atOnce(around, words, args, context);
  }
}

// biome-ignore lint/correctness/useYield: it takes no time
function* copyFiles(
  around: KubectlSurroundings,
  args: Arguments,
  context: CommandContext,
): Program<number> {
  return cp(around, args, context);
}

function isWatch(args: Arguments): boolean {
  return ["w", "watch", "watch-only"].some((name) => args.flag(name));
}

/** What the server's first answer completes. */
function* atOnce(
  { server, readManifests }: KubectlSurroundings,
  words: readonly string[],
  { namespace }: Arguments,
  context: CommandContext,
): Program<number> {
  const files = yield* filesOf(words, context, readManifests);
  const output = carryOut(server, words, files, namespace);
  context.io.stdout(output.stdout);
  context.io.stderr(output.stderr);
  return output.exitCode;
}

/** `delete` ends when the objects have gone. */
function* andWaitUntilGone(
  around: KubectlSurroundings,
  words: readonly string[],
  args: Arguments,
  context: CommandContext,
): Program<number> {
  const { server, readManifests } = around;
  const { io } = context;
  const files = yield* filesOf(words, context, readManifests);
  const doomed = targetsOf(server, args, files);
  const output = carryOut(server, words, files, args.namespace);
  io.stderr(output.stderr);
  const isForced = args.flag("force") || (args.option("dry-run") ?? "none") !== "none";
  if (output.exitCode !== 0 || args.option("wait") === "false" || isForced) {
    io.stdout(output.stdout);
    return output.exitCode;
  }
  const problem = yield* awaitGone(around, doomed, args);
  io.stdout(output.stdout);
  if (problem === null) return 0;
  io.stderr(`${problem}\n`);
  return 1;
}

function carryOut(
  server: ApiServer,
  words: readonly string[],
  files: ManifestFiles,
  namespace: string,
): Output {
  try {
    return kubectl(server, words, files, namespace);
  } catch (error) {
    if (!(error instanceof VethworkError)) throw error;
    const output = new Output();
    output.fail(`error: ${error.message}`);
    return output;
  }
}

/** Files of the host, `-` its standard input, which is read before anything happens. */
function* filesOf(
  words: readonly string[],
  { host, io }: CommandContext,
  read: KubectlSurroundings["readManifests"],
): Program<ManifestFiles> {
  const isPiped = words.some((word) => /^(?:-|-f=?-|--filename=-)$/.test(word));
  const input = isPiped ? yield* io.stdin.readAll() : null;
  const readFile = (name: string, text?: string) => {
    if (text !== undefined) return read(text, name);
    if (name === "-") return read(fromUtf8(input ?? new Uint8Array(0)), "STDIN");
    const bytes = host.files.read(name);
    if (bytes === null) throw new VethworkError("VW_COMMAND", `the path "${name}" does not exist`);
    return read(fromUtf8(bytes), name);
  };
  return Object.assign(readFile, { host: host.files });
}
