/**
 * `sysctl`: reads and sets what is modelled of `/proc/sys`.
 *
 * Spec: procps-ng 4.0.2, src/sysctl.c.
 * Not modelled: `-p` without a file of the host's, `--system`, patterns.
 */

import { fromUtf8 } from "../../base/bytes.ts";
import { errnoMessage } from "../../base/errno.ts";
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
}

const LETTERS: ReadonlyMap<string, keyof Options> = new Map([
  ["a", "all"],
  ["A", "all"],
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
]);

/** The command. */
export const sysctl: Command = {
  name: "sysctl",
  parse(args) {
    const options: Options = {
      all: false,
      valuesOnly: false,
      namesOnly: false,
      quiet: false,
      ignore: false,
      write: false,
      load: false,
    };
    const words: string[] = [];
    for (const word of args) {
      if (word.startsWith("-")) readFlag(word, options);
      else words.push(word);
    }
    if (!options.all && words.length === 0) {
      throw new ToolError("\nUsage:\n sysctl [options] [variable[=value] ...]", 1);
    }
    return immediate((context) => {
      let status = 0;
      const settings = options.load ? words.flatMap((path) => fileSettings(context, path)) : words;
      const names = options.all ? context.host.namespace.sysctls.names() : settings;
      for (const word of names) status = Math.max(status, act(context, word, options));
      return status;
    });
  },
};

function readFlag(word: string, options: Options): void {
  const letters = word.startsWith("--") ? (LONG.get(word) ?? "?") : word.slice(1);
  for (const letter of letters) {
    const option = LETTERS.get(letter);
    if (option === undefined) throw notModelled("sysctl", word, "options are -a -e -n -N -p -q -w");
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
    if (error !== 0) {
      context.io.stderr(`sysctl: setting key "${shown}": ${errnoMessage(error)}\n`);
      return 1;
    }
    if (options.quiet) return 0;
  }
  if (options.namesOnly) context.io.stdout(`${shown}\n`);
  else context.io.stdout(options.valuesOnly ? `${value}\n` : `${shown} = ${value}\n`);
  return 0;
}

/** The settings in a file: one a line, comments with `#` and `;`. */
function fileSettings(context: CommandContext, path: string): string[] {
  const bytes = context.host.files.read(path);
  if (bytes === null)
    throw new ToolError(`sysctl: cannot open "${path}": No such file or directory`, 1);
  return fromUtf8(bytes)
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !/^[#;]/.test(line))
    .map((line) => line.replace(/\s*=\s*/, "="));
}
