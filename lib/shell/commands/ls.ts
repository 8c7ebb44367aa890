/**
 * `ls` and `pwd`.
 *
 * Spec: POSIX.1-2017; texts of GNU coreutils 9.1.
 * Differs: files have no owners, modes and times: `-l` shows root's and the start of the run.
 */
import { civilDate, MONTHS } from "../../base/wall-clock.ts";
import { type Command, type CommandContext, immediate } from "../command.ts";
import { entries } from "../interpreter/path-names.ts";

/** `ls [-a] [-l] [-1] [-d] [FILE…]`. */
export const ls: Command = {
  name: "ls",
  parse(args) {
    const flags = args.filter((word) => /^-[a-zA-Z1]/.test(word)).join("");
    const words = args.filter((word) => !/^-./.test(word));
    return immediate((context) => {
      const { host, io } = context;
      const paths = words.length === 0 ? ["."] : words;
      let status = 0;
      const files = paths.filter((path) => host.files.read(path) !== null || flags.includes("d"));
      const directories = paths.filter((path) => !files.includes(path));
      io.stdout(files.map((path) => line(context, path, path, flags)).join(""));
      for (const path of directories) {
        if (!host.files.isDirectory(path)) {
          io.stderr(`ls: cannot access '${path}': No such file or directory\n`);
          status = 2;
          continue;
        }
        if (paths.length > 1) io.stdout(`${path === paths[0] ? "" : "\n"}${path}:\n`);
        io.stdout(listing(context, path, flags));
      }
      return status;
    });
  },
};

function listing(context: CommandContext, path: string, flags: string): string {
  const { files } = context.host;
  const directory = files.absolute(path);
  const own = entries(files, directory).filter(
    (name) => !name.startsWith(".") || /[aA]/.test(flags),
  );
  const names = flags.includes("a") ? [".", "..", ...own] : own;
  const lines = names.map((name) => line(context, `${directory}/${name}`, name, flags));
  return `${flags.includes("l") ? "total 0\n" : ""}${lines.join("")}`;
}

function line({ host }: CommandContext, path: string, name: string, flags: string): string {
  if (!flags.includes("l")) return `${name}\n`;
  const bytes = host.files.read(path);
  const mode = bytes === null ? "drwxr-xr-x 2" : "-rw-r--r-- 1";
  return `${mode} root root ${bytes?.length ?? 4096} ${dateOf(host.epochSeconds)} ${name}\n`;
}

/** `Jan  1 00:00` */
function dateOf(seconds: number): string {
  const { month, dayOfMonth } = civilDate(Math.floor(seconds / 86_400));
  const minutes = Math.floor((seconds % 86_400) / 60);
  const two = (value: number): string => String(value).padStart(2, "0");
  const clock = `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
  return `${MONTHS[month - 1] ?? ""} ${String(dayOfMonth).padStart(2)} ${clock}`;
}

/** `pwd`. */
export const pwd: Command = {
  name: "pwd",
  parse: () =>
    immediate(({ host, io }) => {
      io.stdout(`${host.files.directory}\n`);
      return 0;
    }),
};
