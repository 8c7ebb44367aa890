/**
 * `iptables`, `iptables-save`, `iptables-restore`: command lines around netfilter's rule text.
 *
 * Spec: iptables 1.8.9, iptables/xtables-standalone.c, xtables-save.c, xtables-restore.c.
 * Not modelled: ip6tables; waiting for the lock (-w is accepted); the netlink messages that a second
 * -v adds.
 * Differs: iptables-restore names the line of a jump to nowhere, where the real one names that of its
 * COMMIT, and the first refusal of the kernel alone.
 */
import { fromUtf8 } from "../../base/bytes.ts";
import { NS_PER_S } from "../../base/units.ts";
import { formatWallClock } from "../../base/wall-clock.ts";
import { isTableName, type TableName } from "../../netfilter/table.ts";
import { RuleError } from "../../netfilter/text/errors.ts";
import { IPTABLES_VERSION, runIptables } from "../../netfilter/text/iptables.ts";
import type { RestoreOptions } from "../../netfilter/text/restore.ts";
import { afterInput, type Command, type CommandContext, immediate, ToolError } from "../command.ts";
import type { ShellHost } from "../host.ts";
import { type ParsedOptions, readOptions } from "../options.ts";

/** `iptables`. */
export const iptables: Command = {
  name: "iptables",
  parse(args) {
    return immediate(({ host, io }) => {
      const { status, output, error } = runIptables(host.netfilter, args);
      io.stdout(output);
      io.stderr(error);
      return status;
    });
  },
};

/** `iptables-save`. */
export const iptablesSave: Command = {
  name: "iptables-save",
  parse(args) {
    const given = readOptions(args, {
      command: "iptables-save",
      letters: "ct:M:",
      long: { counters: "c", table: "t", modprobe: "M" },
      allowed: "options are -c and -t TABLE",
    });
    const counters = given.has("c");
    const table = readTable("iptables-save", given);
    return immediate(({ host, io }) => {
      io.stdout(host.netfilter.save(table, { counters, dated: now(host) }));
      return 0;
    });
  },
};

/** `iptables-restore`. */
export const iptablesRestore: Command = {
  name: "iptables-restore",
  parse(args) {
    const given = readOptions(args, {
      command: "iptables-restore",
      letters: "cntvT:w:W:M:",
      long: {
        counters: "c",
        noflush: "n",
        test: "t",
        verbose: "v",
        table: "T",
        wait: "w",
        "wait-interval": "W",
        modprobe: "M",
      },
      allowed: "options are -c -n -t -T TABLE -w SECONDS",
    });
    const table = readTable("iptables-restore", given);
    const restore: RestoreOptions = {
      counters: given.has("c"),
      noflush: given.has("n"),
      test: given.has("t"),
      ...(table === null ? {} : { table }),
    };
    const [path] = given.words;
    const act = ({ host }: CommandContext, input: Uint8Array | null): number => {
      if (input === null) throw new ToolError(`Can't open ${path}: No such file or directory`, 1);
      try {
        host.netfilter.restore(fromUtf8(input), restore);
        return 0;
      } catch (error) {
        throw asRestoreError(error);
      }
    };
    if (path === undefined) return afterInput(act);
    return immediate((context) => act(context, context.host.files.read(path)));
  },
};

function readTable(command: string, { options }: ParsedOptions): TableName | null {
  const name = options.find(([letter]) => letter === "t" || letter === "T")?.[1];
  if (name === undefined || name === "") return null;
  if (isTableName(name)) return name;
  throw new ToolError(`${command} ${IPTABLES_VERSION}: table "${name}" does not exist`, 2);
}

function asRestoreError(error: unknown): unknown {
  if (!(error instanceof RuleError)) return error;
  const line = error.place?.line ?? 0;
  const command = "iptables-restore";
  if (error.exitStatus === 2) {
    const hint = `Try \`${command} -h' or '${command} --help' for more information.`;
    const text = `${command} ${IPTABLES_VERSION}: ${error.problem}${error.ending}\nError occurred at line: ${line}\n${hint}`;
    return new ToolError(text, 2);
  }
  if (error.exitStatus === 4) {
    const text = `${command} ${IPTABLES_VERSION}: \nline ${line}: ${error.problem}`;
    return new ToolError(text, error.exitStatus);
  }
  return new ToolError(`${command}: line ${line} failed: ${error.problem}`, error.exitStatus);
}

function now(host: ShellHost): string {
  const seconds = Math.floor(host.namespace.cpu.now / NS_PER_S);
  return formatWallClock(host.epochSeconds + seconds);
}
