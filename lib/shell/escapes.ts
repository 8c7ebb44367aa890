/** Backslashes as `echo -e` and `printf` read them. */

/** Puts what the escapes stand for in their place; unknown ones stay. */
export function unescapeText(text: string): string {
  return text.replace(/\\(n|t|r|\\|0|x[0-9a-fA-F]{1,2})/g, (_whole, what: string) => {
    switch (what[0]) {
      case "n":
        return "\n";
      case "t":
        return "\t";
      case "r":
        return "\r";
      case "0":
        return "\0";
      case "x":
        return String.fromCharCode(Number.parseInt(what.slice(1), 16));
      default:
        return "\\";
    }
  });
}
