/**
 * Redirections of a command.
 *
 * Spec: POSIX.1-2017, Shell Command Language §2.7.
 */
import { Pipe } from "../../apps/pipe.ts";
import { fromUtf8, utf8 } from "../../base/bytes.ts";
import { errnoMessage } from "../../base/errno.ts";
import type { Program } from "../../sim/process.ts";
import { type CommandContext, ToolError } from "../command.ts";
import type { Redirect } from "../grammar/syntax.ts";
import { isSystemFile, readFile, writeSystemFile } from "../system-files.ts";
import { type Descriptor, openTcp, tcpTarget } from "./descriptor.ts";
import type { Expander } from "./expand.ts";
import type { ShellState } from "./state.ts";

/** What a command's redirections make of its surroundings. */
export interface Redirected {
  readonly context: CommandContext;
  /** Descriptors above 2, which are the shell's own if the command is `exec`; null is closed. */
  readonly descriptors: ReadonlyMap<number, Descriptor | null>;
  /** What is to be closed when the command has ended, unless it is `exec`. */
  readonly opened: readonly Descriptor[];
}

/** The context with its streams redirected. Throws `ToolError` for a file that cannot be opened. */
export function* redirected(
  context: CommandContext,
  redirects: readonly Redirect[],
  expander: Expander,
  state: ShellState,
): Program<Redirected> {
  const descriptors = new Map<number, Descriptor | null>();
  const opened: Descriptor[] = [];
  const { files } = context.host;
  let { stdin, write, stderr } = context.io;
  let printed = context.io.stdout;
  for (const redirect of redirects) {
    const { descriptor, kind } = redirect;
    const target = yield* expander.text(redirect.target);
    const host = state.dialect.isBash && OPENING.has(kind) ? tcpTarget(target) : null;
    const known =
      kind === "duplicate" && Number(target) > 2
        ? (descriptors.get(Number(target)) ?? state.descriptors.get(Number(target)) ?? null)
        : null;
    const file = host === null ? known : yield* openTcp(context, state.name, target, host);
    if (file !== null && host !== null) opened.push(file);
    if (descriptor > 2) {
      if (file !== null || kind === "close") descriptors.set(descriptor, file);
      else throw badDescriptor(state, descriptor);
      continue;
    }
    let to: (bytes: Uint8Array) => void;
    if (file !== null) {
      if (descriptor === 0 || kind === "read" || kind === "both") stdin = file.stdin;
      if (descriptor === 0) continue;
      to = (bytes) => file.write(bytes);
    } else {
      switch (kind) {
        case "close":
          to = () => {};
          break;
        case "text":
          stdin = Pipe.of(utf8(target));
          continue;
        case "both":
        case "read": {
          const bytes = readFile(context.host, target);
          if (bytes === null) throw cannotOpen(state, target);
          stdin = Pipe.of(bytes);
          continue;
        }
        case "duplicate": {
          if (Number(target) > 2) throw badDescriptor(state, Number(target));
          if (descriptor === 0) continue;
          const text = target === "1" ? printed : stderr;
          to = target === "1" ? write : (bytes) => text(fromUtf8(bytes));
          break;
        }
        default:
          if (target === "/dev/stdout" || target === "/dev/stderr") {
            const text = stderr;
            to = target === "/dev/stdout" ? write : (bytes) => text(fromUtf8(bytes));
            break;
          }
          if (isSystemFile(target)) {
            to = (bytes) => setParameter(context, target, fromUtf8(bytes));
            break;
          }
          if (kind === "write") files.write(target, new Uint8Array(0));
          to = (bytes) => files.append(target, bytes);
      }
    }
    if (descriptor === 2) {
      stderr = (text) => to(utf8(text));
    } else {
      write = to;
      printed = (text) => to(utf8(text));
    }
  }
  return {
    context: { ...context, io: { stdin, stdout: printed, write, stderr } },
    descriptors,
    opened,
  };
}

/** Redirections that open what they name. */
const OPENING = new Set<Redirect["kind"]>(["read", "write", "append", "both"]);

function badDescriptor({ name, shell }: ShellState, number: number): ToolError {
  const line = shell === "bash" ? "line 1: " : "";
  return new ToolError(`${name}: ${line}${number}: Bad file descriptor`, 1);
}

function setParameter({ host }: CommandContext, path: string, text: string): void {
  const error = writeSystemFile(host, path, text);
  if (error !== 0) throw new ToolError(`sh: write error: ${errnoMessage(error)}`, 1);
}

function cannotOpen({ name, shell }: ShellState, target: string): ToolError {
  if (shell === "bash") {
    return new ToolError(`${name}: line 1: ${target}: No such file or directory`, 1);
  }
  if (shell === "ash") return new ToolError(`${name}: can't open ${target}: no such file`, 1);
  return new ToolError(`${name}: 1: cannot open ${target}: No such file`, 1);
}
