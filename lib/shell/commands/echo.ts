/**
 * `echo`.
 *
 * Spec: GNU coreutils 9.1, echo(1).
 */
import { type Command, immediate } from "../command.ts";
import { unescapeText } from "../escapes.ts";

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
