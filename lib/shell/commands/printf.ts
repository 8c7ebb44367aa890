/**
 * `printf`.
 *
 * Spec: POSIX.1-2017, printf; bash(1) 5.2 for `%q` and `-v`, which the shell itself carries out.
 * Not modelled: `%g`, `%(…)T`.
 */
import { type Command, immediate, notModelled, ToolError } from "../command.ts";
import { unescapeText } from "../escapes.ts";

const CONVERSION = /%(?:%|([-+ 0#]*)(\*|[0-9]+)?(?:\.(\*|[0-9]+))?([a-zA-Z]))/g;
const KNOWN = "sdiuxXocbqfFe";

/** Prints a format in which `%s`, `%5d` and their kind stand for arguments, as often as need be. */
export const printf: Command = {
  name: "printf",
  parse([first = "", ...more]) {
    const [format = "", ...args] = first === "--" ? more : [first, ...more];
    const text = formatted(format, args);
    return immediate(({ io }) => {
      io.stdout(text);
      return 0;
    });
  },
};

/** What `printf` prints. Throws `VW_COMMAND` for a conversion that is not known here. */
export function formatted(format: string, args: readonly string[]): string {
  const left = [...args];
  let text = "";
  do {
    const before = left.length;
    text += once(unescapeText(format), left);
    if (left.length === before) break;
  } while (left.length > 0);
  return text;
}

function once(format: string, args: string[]): string {
  return format.replace(CONVERSION, (whole, flags = "", width, precision, letter?: string) => {
    if (letter === undefined) return "%";
    if (!KNOWN.includes(letter)) throw notModelled("printf", whole, `conversions are ${KNOWN}`);
    const take = (given: string | undefined): number | null =>
      given === undefined ? null : Number(given === "*" ? args.shift() : given);
    const wide = take(width) ?? 0;
    const exact = take(precision);
    const value = converted(letter, args.shift(), exact, flags.includes("#"));
    const isNumber = /[diuxXofFe]/.test(letter);
    const signed = isNumber && flags.includes("+") && !value.startsWith("-") ? `+${value}` : value;
    if (flags.includes("-")) return signed.padEnd(wide);
    if (!isNumber || !flags.includes("0")) return signed.padStart(wide);
    const [, sign = "", digits = ""] = /^([-+]?)(.*)$/s.exec(signed) ?? [];
    return sign + digits.padStart(wide - sign.length, "0");
  });
}

function converted(
  letter: string,
  given: string | undefined,
  precision: number | null,
  alternate: boolean,
): string {
  switch (letter) {
    case "s":
    case "b":
      return (letter === "b" ? unescapeText(given ?? "") : (given ?? "")).slice(
        0,
        precision ?? undefined,
      );
    case "c":
      return (given ?? "").slice(0, 1);
    case "q":
      return quoted(given ?? "");
    case "x":
      return (alternate ? "0x" : "") + integer(given).toString(16);
    case "X":
      return (alternate ? "0X" : "") + integer(given).toString(16).toUpperCase();
    case "o":
      return integer(given).toString(8);
    case "f":
    case "F":
      return Number(given ?? 0).toFixed(precision ?? 6);
    case "e":
      return Number(given ?? 0)
        .toExponential(precision ?? 6)
        .replace(/e([-+])([0-9])$/, "e$10$2");
    default:
      return String(integer(given)).padStart(precision ?? 0, "0");
  }
}

/** A number as C reads it; `'a` is the character's. Throws `ToolError`. */
function integer(given: string | undefined): number {
  if (given === undefined || given === "") return 0;
  const [, char] = /^["'](.)/su.exec(given) ?? [];
  if (char !== undefined) return char.codePointAt(0) ?? 0;
  const number = /^[-+]?0[0-7]+$/.test(given) ? Number.parseInt(given, 8) : Number(given);
  if (Number.isInteger(number)) return number;
  throw new ToolError(`printf: ${given}: invalid number`, 1);
}

function quoted(text: string): string {
  if (text === "") return "''";
  return text.replace(/[^\w@%+=:,./-]/g, "\\$&");
}
