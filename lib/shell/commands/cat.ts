/**
 * `cat`.
 *
 * Spec: POSIX.1-2017, cat.
 */
import {
  afterInput,
  type Command,
  type CommandContext,
  immediate,
  notModelled,
} from "../command.ts";
import { readFile } from "../system-files.ts";

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
        const bytes = path === "-" ? input : readFile(context.host, path);
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
