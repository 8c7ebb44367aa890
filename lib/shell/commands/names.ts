/**
 * Small tools that say a name: `basename`, `dirname`, `id`, `uname`, `which`, `whoami`.
 *
 * Spec: POSIX.1-2017; output of GNU coreutils 9.1 and debianutils 5.7.
 */
import { type Command, immediate, notModelled } from "../command.ts";
import { hostnameOf } from "../host.ts";

/** `basename PATH [SUFFIX]`. */
export const basename: Command = {
  name: "basename",
  parse: ([path = "", suffix = ""]) =>
    immediate(({ io }) => {
      const name =
        path
          .replace(/(?<=.)\/+$/, "")
          .split("/")
          .at(-1) || "/";
      const isShorter = suffix !== "" && name !== suffix && name.endsWith(suffix);
      io.stdout(`${isShorter ? name.slice(0, -suffix.length) : name}\n`);
      return 0;
    }),
};

/** `dirname PATH`. */
export const dirname: Command = {
  name: "dirname",
  parse: ([path = ""]) =>
    immediate(({ io }) => {
      const [, parent = ""] = /^(.*?)\/+[^/]*\/*$/s.exec(path) ?? [];
      io.stdout(`${parent || (path.startsWith("/") ? "/" : ".")}\n`);
      return 0;
    }),
};

/** `id [-u | -g | -G] [-n]`: all programs run as root. */
export const id: Command = {
  name: "id",
  parse([option = "", ...others]) {
    const letters = `${option}${others.join("")}`.replaceAll("-", "");
    if (!/^[ugGn]*$/.test(letters)) throw notModelled("id", option, "options are -u -g -G -n");
    return immediate(({ io }) => {
      const short = letters.includes("n") ? "root" : "0";
      io.stdout(letters === "" ? "uid=0(root) gid=0(root) groups=0(root)\n" : `${short}\n`);
      return 0;
    });
  },
};

/** `whoami`. */
export const whoami: Command = {
  name: "whoami",
  parse: () =>
    immediate(({ io }) => {
      io.stdout("root\n");
      return 0;
    }),
};

/** `uname [-asnrvmo]`. */
export const uname: Command = {
  name: "uname",
  parse(args) {
    const letters = args.join("").replaceAll("-", "") || "s";
    if (!/^[asnrvmo]*$/.test(letters)) {
      throw notModelled("uname", args[0] ?? "", "options are -a -s -n -r -v -m -o");
    }
    return immediate(({ host, io }) => {
      const parts: readonly (readonly [string, string])[] = [
        ["s", "Linux"],
        ["n", hostnameOf(host)],
        ["r", "6.18.0"],
        ["v", "#1 SMP PREEMPT_DYNAMIC"],
        ["m", "x86_64"],
        ["o", "GNU/Linux"],
      ];
      const wanted = parts.filter(([key]) => letters.includes(key) || letters.includes("a"));
      io.stdout(`${wanted.map(([, text]) => text).join(" ")}\n`);
      return 0;
    });
  },
};

/** `which NAME…`. */
export const which: Command = {
  name: "which",
  parse: (args) =>
    immediate(({ commands, io }) => {
      let status = 0;
      for (const name of args) {
        if (commands.find(name) === null) status = 1;
        else io.stdout(name.startsWith("/") ? `${name}\n` : `/usr/bin/${name}\n`);
      }
      return status;
    }),
};
