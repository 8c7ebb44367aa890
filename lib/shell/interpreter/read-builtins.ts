/**
 * `read` and `mapfile`: lines of standard input in variables.
 *
 * Spec: POSIX.1-2017, read; bash(1) 5.2, read, mapfile.
 * Not modelled: `read -s` hides nothing, since there is no terminal; `mapfile -C`.
 */
import type { Pipe } from "../../apps/pipe.ts";
import { concatBytes, fromUtf8 } from "../../base/bytes.ts";
import { NS_PER_S } from "../../base/units.ts";
import { type Program, waitFor } from "../../sim/process.ts";
import { readOptions } from "../options.ts";
import { ShellArray } from "./array.ts";
import type { BuiltinShell } from "./builtins.ts";
import { splitFields } from "./fields.ts";

/** `read -t` ends with this status when time is over. */
const TIMED_OUT = 142;

/** `read [-r] [-a ARRAY] [-d END] [-n COUNT] [-p TEXT] [-t SECONDS] [-u NUMBER] [NAME…]`. */
export function* read(shell: BuiltinShell, args: readonly string[]): Program<number> {
  const { context, state } = shell;
  const { options, words } = readOptions(args, {
    command: "read",
    letters: "rsea:d:n:p:t:u:",
    allowed: "options are -r -a -d -n -p -t -u",
  });
  const given = new Map(options);
  const number = given.get("u");
  const file = number === undefined ? null : (state.descriptors.get(Number(number)) ?? null);
  const end = given.get("d")?.charCodeAt(0) ?? 10;
  const wait = given.get("t");
  const { text, status } = yield* readText(file?.stdin ?? context.io.stdin, {
    end: given.get("d") === "" ? 0 : end,
    most: Number(given.get("n") ?? Number.POSITIVE_INFINITY),
    until: wait === undefined ? null : context.host.namespace.cpu.now + Number(wait) * NS_PER_S,
    now: () => context.host.namespace.cpu.now,
  });
  const raw = given.has("r") ? text : text.replace(/\\(.)/g, "$1");
  const separators = state.variables.get("IFS") ?? " \t\n";
  const array = given.get("a");
  if (array !== undefined) {
    const fields = splitFields(raw, separators, Number.POSITIVE_INFINITY);
    state.setArray(array, new ShellArray(false, fields));
    return status;
  }
  const fields = splitFields(raw, separators, Math.max(1, words.length));
  for (const [index, name] of (words.length === 0 ? ["REPLY"] : words).entries()) {
    state.assign(name, fields[index] ?? "");
  }
  return status;
}

/** Up to where one `read` reads. */
interface ReadLimits {
  readonly end: number;
  readonly most: number;
  /** When it gives up; null: never. */
  readonly until: number | null;
  now(): number;
}

/** The bytes up to the end mark, which is taken as well; status 1 says that there was none. */
function* readText(
  stdin: Pipe,
  { end, most, until, now }: ReadLimits,
): Program<{ text: string; status: number }> {
  const bytes: Uint8Array[] = [];
  const done = (status: number) => ({ text: fromUtf8(concatBytes(bytes)), status });
  while (bytes.length < most) {
    const byte = stdin.take(1);
    if (byte.length === 0) {
      if (stdin.atEnd) return done(1);
      if (until !== null && now() >= until) return done(TIMED_OUT);
      yield until === null ? waitFor([stdin.waitQueue]) : waitFor([stdin.waitQueue], until - now());
    } else if (byte[0] === end) return done(0);
    else bytes.push(byte);
  }
  return done(0);
}

/** `mapfile [-t] [ARRAY]`. */
export function* mapfile(
  { context, state }: BuiltinShell,
  args: readonly string[],
): Program<number> {
  const [name = "MAPFILE"] = args.filter((word) => !word.startsWith("-"));
  const text = fromUtf8(yield* context.io.stdin.readAll());
  const lines = text.split("\n");
  const last = lines.pop();
  if (last !== undefined && last !== "") lines.push(last);
  const kept = args.includes("-t") ? lines : lines.map((line) => `${line}\n`);
  state.setArray(name, new ShellArray(false, kept));
  return 0;
}
