/**
 * Small tools around files: `mkdir`, `rm`, `touch`, `tee`.
 *
 * Spec: POSIX.1-2017; texts of GNU coreutils 9.1.
 * Not modelled: owners and modes of files.
 */
import { afterInput, type Command, immediate } from "../command.ts";
import { removeTree } from "../files.ts";

const plain = (args: readonly string[]): string[] => args.filter((word) => !/^-./.test(word));

export const chmod: Command = { name: "chmod", parse: () => immediate(() => 0) };
export const chown: Command = { name: "chown", parse: () => immediate(() => 0) };

/** `mkdir [-p] [-m MODE] DIRECTORY…`. */
export const mkdir: Command = {
  name: "mkdir",
  parse(args) {
    const makesParents = args.some((word) => /^-[a-z]*p/.test(word));
    const modeAt = args.indexOf("-m");
    const words = plain(modeAt === -1 ? args : args.toSpliced(modeAt, 2));
    return immediate(({ host, io }) => {
      let status = 0;
      for (const path of words) {
        const isThere = host.files.isDirectory(path) || host.files.read(path) !== null;
        if (!isThere) host.files.makeDirectory(path);
        else if (!makesParents) {
          io.stderr(`mkdir: cannot create directory '${path}': File exists\n`);
          status = 1;
        }
      }
      return status;
    });
  },
};

export const touch: Command = {
  name: "touch",
  parse: (args) =>
    immediate(({ host }) => {
      for (const path of plain(args)) host.files.append(path, new Uint8Array(0));
      return 0;
    }),
};

/** `rm [-rf] FILE…`. */
export const rm: Command = {
  name: "rm",
  parse(args) {
    const isForced = args.some((word) => /^-[a-z]*f/.test(word));
    const isDeep = args.some((word) => /^-[a-z]*[rR]/.test(word));
    return immediate(({ host, io }) => {
      let status = 0;
      for (const path of plain(args)) {
        if (isDeep) removeTree(host.files, path);
        if (host.files.remove(path) || isForced || isDeep) continue;
        io.stderr(`rm: cannot remove '${path}': No such file or directory\n`);
        status = 1;
      }
      return status;
    });
  },
};

/** `tee [-a] FILE…`. */
export const tee: Command = {
  name: "tee",
  parse: (args) =>
    afterInput(({ host, io }, input) => {
      io.write(input);
      for (const path of plain(args)) {
        if (!args.includes("-a")) host.files.write(path, new Uint8Array(0));
        host.files.append(path, input);
      }
      return 0;
    }),
};
