/**
 * How a command wants its listing: the options that change nothing but what is printed.
 *
 * Kernel: none; iptables 1.8.9, iptables/xshared.c (do_parse).
 */

/** One object, reused for all lines of a text. */
export class ListingOptions {
  /** -n: addresses and ports as numbers. */
  numeric = false;
  /** -v: with counters and interfaces. */
  verbose = false;
  /** -x: counters in full. */
  exact = false;
  lineNumbers = false;

  /** Forgets the command before. */
  reset(): void {
    this.numeric = false;
    this.verbose = false;
    this.exact = false;
    this.lineNumbers = false;
  }

  /** Takes an option by its letter, 0 for --line-numbers; false if it is none of these. */
  take(letter: string): boolean {
    switch (letter) {
      case "n":
        this.numeric = true;
        return true;
      case "v":
        this.verbose = true;
        return true;
      case "x":
        this.exact = true;
        return true;
      case "0":
        this.lineNumbers = true;
        return true;
      default:
        return false;
    }
  }
}
