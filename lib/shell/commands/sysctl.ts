/**
 * `sysctl`: reads and sets what is modelled of `/proc/sys`.
 *
 * Spec: procps-ng 4.0.2, src/sysctl.c.
 * Not modelled: `-p` without a file of the host's, `--system`, `--dry-run`.
 */

import { fromUtf8 } from "../../base/bytes.ts";
import { EACCES, EINVAL, errnoMessage } from "../../base/errno.ts";
import type { SysctlTree } from "../../net/sysctl.ts";
import {
  type Command,
  type CommandContext,
  immediate,
  notModelled,
  ToolError,
} from "../command.ts";
import { readSystemSysctl, writeSystemSysctl } from "../system-sysctls.ts";

interface Options {
  all: boolean;
  valuesOnly: boolean;
  namesOnly: boolean;
  quiet: boolean;
  ignore: boolean;
  write: boolean;
  load: boolean;
  bare: boolean;
  nothing: boolean;
  /** What names must match to be printed. */
  pattern: RegExp | null;
}

type Flag = Exclude<keyof Options, "pattern">;

const LETTERS: ReadonlyMap<string, Flag> = new Map([
  ["a", "all"],
  ["A", "all"],
  ["X", "all"],
  ["b", "bare"],
  ["o", "nothing"],
  ["x", "nothing"],
  ["n", "valuesOnly"],
  ["N", "namesOnly"],
  ["q", "quiet"],
  ["e", "ignore"],
  ["w", "write"],
  ["p", "load"],
  ["f", "load"],
]);

const LONG: ReadonlyMap<string, string> = new Map([
  ["--all", "a"],
  ["--values", "n"],
  ["--names", "N"],
  ["--quiet", "q"],
  ["--ignore", "e"],
  ["--write", "w"],
  ["--load", "p"],
  ["--binary", "b"],
]);

/** `-r`, with other letters before it. */
const PATTERN = /^(?:--pattern=?|-([A-Za-qs-z]*)r)(.*)$/;
/** It can only be written. */
const FLUSH = "net.ipv4.route.flush";

const NO_VARIABLES = "sysctl: no variables specified\nTry `sysctl --help' for more information.";

/** The command. */
export const sysctl: Command = {
  name: "sysctl",
  parse(args) {
    const options = noOptions();
    const words: string[] = [];
    for (let index = 0; index < args.length; index += 1) {
      const word = args[index] ?? "";
      if (!word.startsWith("-")) words.push(word);
      else if (readFlag(word, args[index + 1], options)) index += 1;
    }
    if (!options.all && words.length === 0) throw new ToolError(NO_VARIABLES, 1);
    return immediate((context) => {
      let status = 0;
      const settings = options.load ? words.flatMap((path) => fileSettings(context, path)) : words;
      const { sysctls } = context.host.namespace;
      const names = options.all ? sysctls.names() : settings;
      for (const word of names.flatMap((name) => inFolder(sysctls, name))) {
        status = Math.max(status, act(context, word, options));
      }
      return status;
    });
  },
};

/** The parameters below a name that is that of a folder; or the word itself. */
function inFolder(sysctls: SysctlTree, word: string): readonly string[] {
  if (word.includes("=") || sysctls.read(word) !== null) return [word];
  const prefix = `${word.replaceAll("/", ".")}.`;
  const inside = sysctls.names().filter((name) => name.startsWith(prefix));
  return inside.length === 0 ? [word] : inside;
}

function noOptions(): Options {
  return {
    all: false,
    valuesOnly: false,
    namesOnly: false,
    quiet: false,
    ignore: false,
    write: false,
    load: false,
    bare: false,
    nothing: false,
    pattern: null,
  };
}

/** Reads one word of options; true if it took the next word as well. */
function readFlag(word: string, next: string | undefined, options: Options): boolean {
  const pattern = PATTERN.exec(word);
  if (pattern === null) {
    setLetters(word, word.startsWith("--") ? (LONG.get(word) ?? "?") : word.slice(1), options);
    return false;
  }
  const [, letters = "", own = ""] = pattern;
  setLetters(word, letters, options);
  options.pattern = new RegExp(own === "" ? (next ?? "") : own, "u");
  return own === "";
}

function setLetters(word: string, letters: string, options: Options): void {
  for (const letter of letters) {
    const option = LETTERS.get(letter);
    if (option === undefined) {
      throw notModelled("sysctl", word, "options are -a -b -e -n -N -p -q -r -w");
    }
    options[option] = true;
  }
}

function act(context: CommandContext, word: string, options: Options): number {
  const { sysctls } = context.host.namespace;
  const equals = word.indexOf("=");
  const name = (equals === -1 ? word : word.slice(0, equals)).trim();
  const shown = name.replaceAll("/", ".");
  if (equals === -1 && options.write) {
    context.io.stderr("sysctl: command line(0): invalid syntax, continuing...\n");
    return 1;
  }
  if (options.pattern !== null && !options.pattern.test(shown)) return 0;
  if (shown === FLUSH && equals === -1) return 0;
  const own = sysctls.read(name);
  const old = own ?? readSystemSysctl(context.host, shown);
  if (old === null) {
    if (options.ignore) return 0;
    const path = name.replaceAll(".", "/");
    context.io.stderr(`sysctl: cannot stat /proc/sys/${path}: No such file or directory\n`);
    return 1;
  }
  let value = old;
  if (equals !== -1) {
    value = word.slice(equals + 1).trim();
    const error =
      own === null ? writeSystemSysctl(context.host, shown, value) : sysctls.write(name, value);
    if (error === -EACCES) {
      // The tool sees that the file is read-only, says something else and goes on.
      context.io.stderr(`sysctl: setting key "${shown}": ${errnoMessage(-EINVAL)}\n`);
      return 0;
    }
    if (error !== 0) {
      context.io.stderr(`sysctl: setting key "${shown}": ${errnoMessage(error)}\n`);
      return 1;
    }
    if (options.quiet) return 0;
  }
  if (options.namesOnly) context.io.stdout(`${shown}\n`);
  else if (options.bare) context.io.stdout(value);
  else context.io.stdout(options.valuesOnly ? `${value}\n` : `${shown} = ${value}\n`);
  return 0;
}

/** The settings in a file: one a line, comments with `#` and `;`. */
function fileSettings(context: CommandContext, path: string): string[] {
  const bytes = context.host.files.read(path);
  if (bytes === null)
    throw new ToolError(`sysctl: cannot open "${path}": No such file or directory`, 1);
  const settings: string[] = [];
  fromUtf8(bytes)
    .split("\n")
    .forEach((text, index) => {
      const line = text.trim();
      if (line === "" || /^[#;]/.test(line)) return;
      if (line.includes("=")) settings.push(line.replace(/^-/, "").replace(/\s*=\s*/, "="));
      else {
        const place = `${path}(${index + 1})`;
        context.io.stderr(`sysctl: ${place}: invalid syntax, continuing...\n`);
      }
    });
  return settings;
}
