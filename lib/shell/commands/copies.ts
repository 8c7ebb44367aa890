/**
 * `cp`, `mv` and `ln`: files in other places.
 *
 * Spec: POSIX.1-2017; texts of GNU coreutils 9.1.
 * Differs: a link is a copy.
 */
import { type Command, type CommandContext, immediate } from "../command.ts";
import { removeTree } from "../files.ts";

/** `cp [-r] SOURCE… DESTINATION`. */
export const cp: Command = copier("cp", (flags) => /[aRr]/.test(flags), false);

/** `mv SOURCE… DESTINATION`. */
export const mv: Command = copier("mv", () => true, true);

/** `ln [-s] TARGET… NAME`; a target that is not there is no mistake. */
export const ln: Command = {
  name: "ln",
  parse(args) {
    const words = args.filter((word) => !/^-./.test(word));
    return immediate((context) => {
      const [last = "."] = words.length > 1 ? words.slice(-1) : [];
      for (const word of words.length > 1 ? words.slice(0, -1) : words) {
        copy(context, word, placeIn(context, word, last));
      }
      return 0;
    });
  },
};

function copier(name: string, isDeep: (flags: string) => boolean, removes: boolean): Command {
  return {
    name,
    parse(args) {
      const flags = args.filter((word) => /^-./.test(word)).join("");
      const words = args.filter((word) => !/^-./.test(word));
      const isVerbose = flags.includes("v");
      return immediate((context) => {
        const { host, io } = context;
        const [target, ...others] = [...words].reverse();
        if (target === undefined || others.length === 0) {
          io.stderr(missingOperand(name, target));
          return 1;
        }
        let status = 0;
        for (const source of others.reverse()) {
          const isDirectory = host.files.isDirectory(source);
          let problem = "";
          if (!isDirectory && host.files.read(source) === null) {
            problem = `cannot stat '${source}': No such file or directory`;
          } else if (isDirectory && !isDeep(flags)) {
            problem = `-r not specified; omitting directory '${source}'`;
          } else {
            const place = placeIn(context, source, target);
            if (isVerbose) io.stdout(`${removes ? "renamed " : ""}'${source}' -> '${place}'\n`);
            copy(context, source, place);
            if (removes) remove(context, source);
          }
          if (problem === "") continue;
          io.stderr(`${name}: ${problem}\n`);
          status = 1;
        }
        return status;
      });
    },
  };
}

function missingOperand(name: string, only: string | undefined): string {
  const what = only === undefined ? "file operand" : `destination file operand after '${only}'`;
  return `${name}: missing ${what}\nTry '${name} --help' for more information.\n`;
}

function remove({ host }: CommandContext, source: string): void {
  removeTree(host.files, source);
  host.files.remove(source);
}

/** Where a file comes to be: in the target if that is a directory, else under its name. */
function placeIn({ host }: CommandContext, source: string, target: string): string {
  if (!host.files.isDirectory(target) && !target.endsWith("/")) return target;
  const name = source.replace(/\/+$/, "").split("/").at(-1) ?? "";
  return name === "." || name === "" ? target : `${target.replace(/\/$/, "")}/${name}`;
}

function copy({ host }: CommandContext, source: string, place: string): void {
  const bytes = host.files.read(source);
  if (bytes !== null) host.files.write(place, bytes.slice());
  else if (host.files.isDirectory(source)) host.files.makeDirectory(place);
  const from = host.files.absolute(source);
  for (const path of host.files.paths(source)) {
    host.files.write(
      `${place}${path.slice(from.length)}`,
      host.files.read(path) ?? new Uint8Array(0),
    );
  }
}
