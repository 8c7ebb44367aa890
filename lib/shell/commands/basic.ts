/**
 * The small commands around a lab's real ones: `echo`, `printf`, `cat`, `head`, `sleep`, `true`,
 * `false`, `hostname`, `timeout`, `wait`, `kill`.
 *
 * Spec: POSIX.1-2017, Utilities; GNU coreutils for `head -c`, `timeout` and durations.
 */
import { fromUtf8, utf8 } from "../../base/bytes.ts";
import { NS_PER_S, type Ns } from "../../base/units.ts";
import { sleep, waitFor } from "../../sim/process.ts";
import {
  afterInput,
  type Command,
  type CommandContext,
  immediate,
  notModelled,
  ToolError,
} from "../command.ts";
import { readSystemFile } from "../system-files.ts";

/** SIGTERM: what `timeout` and `kill` send. */
const SIGTERM = 15;
/** Exit status of `timeout` when the time was up. */
const TIMED_OUT = 124;

const UNITS: ReadonlyMap<string, number> = new Map([
  ["", 1],
  ["s", 1],
  ["m", 60],
  ["h", 3600],
  ["d", 86400],
]);

/** Prints its arguments with blanks between them. */
export const echo: Command = {
  name: "echo",
  parse(args) {
    const flags = /^-[neE]+$/.test(args[0] ?? "") ? (args[0] ?? "") : "";
    const text = args.slice(flags === "" ? 0 : 1).join(" ");
    const shown = flags.includes("e") ? unescapeText(text) : text;
    return immediate(({ io }) => {
      io.stdout(flags.includes("n") ? shown : `${shown}\n`);
      return 0;
    });
  },
};

/** Prints a format in which `%s` and `%d` stand for arguments. */
export const printf: Command = {
  name: "printf",
  parse([format = "", ...args]) {
    const other = /%[^sd%]/.exec(format);
    if (other !== null) throw notModelled("printf", other[0], "formats are %s, %d and %%");
    return immediate(({ io }) => {
      let next = 0;
      const text = unescapeText(format).replace(/%[sd%]/g, (what) => {
        if (what === "%%") return "%";
        next += 1;
        return args[next - 1] ?? "";
      });
      io.stdout(text);
      return 0;
    });
  },
};

/** Prints files, of `/proc` as well, or standard input. */
export const cat: Command = {
  name: "cat",
  parse(args) {
    const option = args.find((word) => /^-./.test(word));
    if (option !== undefined) throw notModelled("cat", option, "cat takes only file names");
    const paths = args.length === 0 ? ["-"] : args;
    const act = (context: CommandContext, input: Uint8Array): number => {
      let status = 0;
      for (const path of paths) {
        const bytes = path === "-" ? input : readFile(context, path);
        if (bytes !== null) context.io.write(bytes);
        else {
          context.io.stderr(`cat: ${path}: No such file or directory\n`);
          status = 1;
        }
      }
      return status;
    };
    if (paths.includes("-")) return afterInput(act);
    return immediate((context) => act(context, new Uint8Array(0)));
  },
};

/** The beginning of a file, in bytes or lines; `/dev/zero` makes data for bulk transfers. */
export const head: Command = {
  name: "head",
  parse(args) {
    const match = /^-([cn]) ?([0-9]+)$/.exec(args.slice(0, args.length > 1 ? 2 : 1).join(" "));
    const joined = /^-[cn][0-9]+$/.test(args[0] ?? "");
    const path = args[match === null ? 0 : joined ? 1 : 2] ?? "-";
    if (match === null && path.startsWith("-") && path !== "-") {
      throw notModelled("head", path, "options are -c N and -n N");
    }
    const unit = match?.[1] ?? "n";
    const count = Number(match?.[2] ?? 10);
    const act = (context: CommandContext, input: Uint8Array): number => {
      if (path === "/dev/zero" && unit === "c") {
        context.io.write(new Uint8Array(count));
        return 0;
      }
      const bytes = path === "-" ? input : readFile(context, path);
      if (bytes === null) {
        context.io.stderr(`head: cannot open '${path}' for reading: No such file or directory\n`);
        return 1;
      }
      if (unit === "c") context.io.write(bytes.slice(0, count));
      else {
        const lines = fromUtf8(bytes).match(/[^\n]*\n|[^\n]+$/g) ?? [];
        context.io.stdout(lines.slice(0, count).join(""));
      }
      return 0;
    };
    if (path === "-") return afterInput(act);
    return immediate((context) => act(context, new Uint8Array(0)));
  },
};

/** Counts lines, words and bytes. */
export const wc: Command = {
  name: "wc",
  parse(args) {
    const flags = args
      .filter((word) => /^-./.test(word))
      .join("")
      .replaceAll("-", "");
    const other = /[^lwc]/.exec(flags);
    if (other !== null) throw notModelled("wc", `-${other[0]}`, "options are -l -w -c");
    const paths = args.filter((word) => !/^-./.test(word));
    const [path = "-"] = paths;
    if (paths.length > 1) throw notModelled("wc", paths[1] ?? "", "one file at a time");
    const act = (context: CommandContext, input: Uint8Array): number => {
      const bytes = path === "-" ? input : readFile(context, path);
      if (bytes === null) {
        context.io.stderr(`wc: ${path}: No such file or directory\n`);
        return 1;
      }
      context.io.stdout(`${countText(bytes, flags)}${path === "-" ? "" : ` ${path}`}\n`);
      return 0;
    };
    if (path === "-") return afterInput(act);
    return immediate((context) => act(context, new Uint8Array(0)));
  },
};

/** The counts asked for; several are as wide as the number of bytes, or seven without a file. */
function countText(bytes: Uint8Array, flags: string): string {
  const text = fromUtf8(bytes);
  const counts: readonly (readonly [string, number])[] = [
    ["l", text.split("\n").length - 1],
    ["w", text.split(/\s+/).filter((word) => word !== "").length],
    ["c", bytes.length],
  ];
  const shown = counts.filter(([flag]) => flags === "" || flags.includes(flag));
  if (shown.length === 1) return String(shown[0]?.[1]);
  const width = String(bytes.length).length;
  return shown.map(([, count]) => String(count).padStart(width)).join(" ");
}

/** Waits in virtual time. */
export const sleepCommand: Command = {
  name: "sleep",
  parse(args) {
    if (args.length === 0) {
      throw new ToolError("sleep: missing operand\nTry 'sleep --help' for more information.", 1);
    }
    const duration = args.reduce((sum, word) => sum + parseTime("sleep", word), 0);
    return function* () {
      yield sleep(duration);
      return 0;
    };
  },
};

export const trueCommand: Command = { name: "true", parse: () => immediate(() => 0) };
export const falseCommand: Command = { name: "false", parse: () => immediate(() => 1) };

/** The host's name. */
export const hostname: Command = {
  name: "hostname",
  parse(args) {
    if (args.length > 0) throw notModelled("hostname", args[0] ?? "", "hostname takes no words");
    return immediate(({ host, io }) => {
      io.stdout(`${host.name}\n`);
      return 0;
    });
  },
};

/** Runs a command and ends it when the time is up. */
export const timeout: Command = {
  name: "timeout",
  parse([time = "", ...words], parseNested) {
    if (time.startsWith("-")) throw notModelled("timeout", time, "timeout DURATION COMMAND …");
    if (words.length === 0) {
      const hint = "Try 'timeout --help' for more information.";
      throw new ToolError(`timeout: missing operand\n${hint}`, 125);
    }
    const limit = parseTime("timeout", time);
    const body = parseNested(words);
    return function* (context) {
      const child = context.host.processes.spawn(words.join(" "), body(context));
      const deadline = child.pid >= 0 ? context.host.namespace.cpu.now + limit : 0;
      while (child.status === null) {
        const left = deadline - context.host.namespace.cpu.now;
        if (left <= 0 && limit > 0) {
          child.kill(SIGTERM);
          return TIMED_OUT;
        }
        yield limit === 0 ? waitFor([child.exited]) : waitFor([child.exited], left);
      }
      return child.status;
    };
  },
};

/** Ends processes by pid. */
export const kill: Command = {
  name: "kill",
  parse(args) {
    const signal = /^-([0-9]+)$/.exec(args[0] ?? "");
    const pids = signal === null ? args : args.slice(1);
    const bad = pids.find((word) => !/^[0-9]+$/.test(word));
    if (bad !== undefined) throw notModelled("kill", bad, "kill [-SIGNAL_NUMBER] PID …");
    return immediate(({ host, io }) => {
      let status = 0;
      for (const pid of pids) {
        const process = host.processes.find(Number(pid));
        process?.kill(Number(signal?.[1] ?? SIGTERM));
        if (process === null) {
          io.stderr(`sh: 1: kill: No such process\n\n`);
          status = 1;
        }
      }
      return status;
    });
  },
};

/** A duration in seconds with an optional unit, as `sleep` takes it. */
export function parseTime(command: string, text: string): Ns {
  const match = /^([0-9]+(?:\.[0-9]*)?|\.[0-9]+)([smhd]?)$/.exec(text);
  if (match === null) {
    const hint = `Try '${command} --help' for more information.`;
    throw new ToolError(`${command}: invalid time interval '${text}'\n${hint}`, 1);
  }
  return Math.round(Number(match[1]) * (UNITS.get(match[2] ?? "") ?? 1) * NS_PER_S);
}

function readFile({ host }: CommandContext, path: string): Uint8Array | null {
  const system = readSystemFile(host, path);
  return system === null ? host.files.read(path) : utf8(system);
}

function unescapeText(text: string): string {
  return text.replace(/\\(n|t|r|\\|0|x[0-9a-fA-F]{1,2})/g, (_whole, what: string) => {
    switch (what[0]) {
      case "n":
        return "\n";
      case "t":
        return "\t";
      case "r":
        return "\r";
      case "0":
        return "\0";
      case "x":
        return String.fromCharCode(Number.parseInt(what.slice(1), 16));
      default:
        return "\\";
    }
  });
}
