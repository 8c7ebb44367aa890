/**
 * `ps` of busybox and of procps: what runs in a PID namespace.
 *
 * Spec: busybox 1.36, procps/ps.c; procps 4.0, ps(1) (the formats of `ps`, `ps -ef`, `ps aux`).
 * Differs: sizes and times of processes are nothing; a server's threads are processes here, and are
 * left out with all others of the first one's name. What runs is told, who asked is not.
 */
import { type Command, type CommandContext, immediate } from "../command.ts";

interface Row {
  readonly pid: number;
  readonly title: string;
}

/** Those that run, and `ps` itself. */
function rowsOf({ host }: CommandContext, own: string): Row[] {
  const { processes } = host;
  const [first, ...others] = processes.running().map(({ pid, name }) => ({ pid, title: name }));
  const program = first?.title.split(" ")[0]?.split("/").at(-1) ?? "";
  const jobs = others.filter(
    ({ title }) => title.includes(" ") && !/^ps\b/.test(title) && !title.startsWith(program),
  );
  const rows = first === undefined ? [] : [first, ...jobs];
  return [...rows, { pid: processes.takePid(), title: own }];
}

/** `ps` of busybox, which takes and ignores what it does not know. */
export const busyboxPs: Command = {
  name: "ps",
  parse: (args) =>
    immediate((context) => {
      const rows = rowsOf(context, ["ps", ...args].join(" "));
      const lines = rows.map(
        ({ pid, title }) => `${String(pid).padStart(5)} root      0:00 ${title}\n`,
      );
      context.io.stdout(`PID   USER     TIME  COMMAND\n${lines.join("")}`);
      return 0;
    }),
};

/** `ps`, `ps -ef`, `ps aux` of procps. */
export const ps: Command = {
  name: "ps",
  parse(args) {
    const letters = args.join("").replaceAll("-", "");
    return immediate((context) => {
      const rows = rowsOf(context, ["ps", ...args].join(" "));
      const form = letters.includes("u") ? USERS : letters.includes("f") ? FULL : PLAIN;
      context.io.stdout(form.head + rows.map((row) => `${form.line(row)}\n`).join(""));
      return 0;
    });
  },
};

const PLAIN = {
  head: "    PID TTY          TIME CMD\n",
  line: ({ pid, title }: Row) =>
    `${String(pid).padStart(7)} ?        00:00:00 ${title.split(" ")[0]?.split("/").at(-1) ?? ""}`,
};

const FULL = {
  head: "UID          PID    PPID  C STIME TTY          TIME CMD\n",
  line: ({ pid, title }: Row) =>
    `root     ${String(pid).padStart(7)}       0  0 00:00 ?        00:00:00 ${title}`,
};

const USERS = {
  head: "USER         PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND\n",
  line: ({ pid, title }: Row) =>
    `root     ${String(pid).padStart(7)}  0.0  0.0      0     0 ?        S    00:00   0:00 ${title}`,
};
