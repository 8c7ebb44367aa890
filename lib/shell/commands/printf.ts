/**
 * `printf`.
 *
 * Spec: POSIX.1-2017, printf.
 * Not modelled: field widths, formats other than `%s`, `%d` and `%%`, repeating the format.
 */
import { type Command, immediate, notModelled } from "../command.ts";
import { unescapeText } from "../escapes.ts";

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
