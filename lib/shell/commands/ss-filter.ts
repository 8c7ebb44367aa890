/**
 * The filter of `ss`: states, then an expression of ports and addresses with `and`, `or`, `not` and
 * parentheses.
 *
 * Spec: iproute2 6.1, misc/ssfilter.y, misc/ss.c (scan_state).
 */
import { isIpv4, networkOf, parseIpv4 } from "../../base/inet.ts";
import { servicePort } from "../../netfilter/text/names.ts";
import { notModelled, ToolError } from "../command.ts";
import type { SocketRow } from "../socket-list.ts";

/** Whether a socket is shown. */
export type SocketTest = (row: SocketRow) => boolean;

/** What the words say; `states` is null when they name none. */
export interface SocketFilter {
  readonly states: readonly string[] | null;
  readonly test: SocketTest;
}

/** States by the names that the filter takes. */
const STATES: ReadonlyMap<string, string> = new Map([
  ["established", "ESTAB"],
  ["syn-sent", "SYN-SENT"],
  ["syn-recv", "SYN-RECV"],
  ["fin-wait-1", "FIN-WAIT-1"],
  ["fin-wait-2", "FIN-WAIT-2"],
  ["time-wait", "TIME-WAIT"],
  ["closed", "UNCONN"],
  ["unconnected", "UNCONN"],
  ["close-wait", "CLOSE-WAIT"],
  ["last-ack", "LAST-ACK"],
  ["listening", "LISTEN"],
  ["listen", "LISTEN"],
  ["closing", "CLOSING"],
]);
const ALL = [...new Set(STATES.values())];
const CONNECTED = ALL.filter((state) => state !== "LISTEN" && state !== "UNCONN");
const BUCKET = ["SYN-RECV", "TIME-WAIT"];
const GROUPS: ReadonlyMap<string, readonly string[]> = new Map([
  ["all", ALL],
  ["connected", CONNECTED],
  ["synchronized", CONNECTED.filter((state) => state !== "SYN-SENT")],
  ["bucket", BUCKET],
  ["big", ALL.filter((state) => !BUCKET.includes(state))],
]);
const OPERATORS: ReadonlyMap<string, (found: number, wanted: number) => boolean> = new Map([
  ["=", (found, wanted) => found === wanted],
  ["!=", (found, wanted) => found !== wanted],
  ["<=", (found, wanted) => found <= wanted],
  [">=", (found, wanted) => found >= wanted],
  ["<", (found, wanted) => found < wanted],
  [">", (found, wanted) => found > wanted],
]);
const SPELLINGS: ReadonlyMap<string, string> = new Map([
  ["==", "="],
  ["eq", "="],
  ["neq", "!="],
  ["ne", "!="],
  ["le", "<="],
  ["leq", "<="],
  ["ge", ">="],
  ["geq", ">="],
  ["lt", "<"],
  ["gt", ">"],
  ["&", "and"],
  ["&&", "and"],
  ["|", "or"],
  ["||", "or"],
  ["!", "not"],
]);

/** Reads the words behind the options. Throws `ToolError` for what is no filter. */
export function readSocketFilter(words: readonly string[]): SocketFilter {
  const left = words
    .flatMap((word) => word.replace(/[()]/g, " $& ").split(/\s+/))
    .filter((word) => word !== "")
    .map((word) => SPELLINGS.get(word) ?? word);
  let states: readonly string[] | null = null;
  while (left[0] === "state" || left[0] === "exclude") {
    const named = statesOf(left[1] ?? "");
    const before: readonly string[] = states ?? (left[0] === "state" ? [] : ALL);
    states =
      left[0] === "state"
        ? [...before, ...named]
        : before.filter((state) => !named.includes(state));
    left.splice(0, 2);
  }
  const test = left.length === 0 ? (): boolean => true : new Expression(left).read();
  return { states, test };
}

function statesOf(name: string): readonly string[] {
  const state = STATES.get(name.toLowerCase());
  const named = state === undefined ? GROUPS.get(name.toLowerCase()) : [state];
  if (named !== undefined) return named;
  throw new ToolError(`ss: wrong state name: ${name}`, 255);
}

/** Reads an expression: `or` binds least, words side by side are joined by `and`. */
class Expression {
  readonly #words: string[];

  constructor(words: string[]) {
    this.#words = words;
  }

  read(): SocketTest {
    const test = this.#anyOf();
    const word = this.#words[0];
    if (word !== undefined) throw syntaxError();
    return test;
  }

  #anyOf(): SocketTest {
    const tests = [this.#allOf()];
    while (this.#takes("or")) tests.push(this.#allOf());
    return (row) => tests.some((test) => test(row));
  }

  #allOf(): SocketTest {
    const tests = [this.#one()];
    while (this.#words.length > 0 && this.#words[0] !== "or" && this.#words[0] !== ")") {
      this.#takes("and");
      tests.push(this.#one());
    }
    return (row) => tests.every((test) => test(row));
  }

  #one(): SocketTest {
    if (this.#takes("not")) {
      const test = this.#one();
      return (row) => !test(row);
    }
    if (this.#takes("(")) {
      const test = this.#anyOf();
      if (!this.#takes(")")) throw syntaxError();
      return test;
    }
    const word = this.#words.shift();
    if (word === "sport" || word === "dport") return this.#port(word === "sport");
    if (word === "src" || word === "dst") return this.#end(word === "src");
    throw notModelled("ss", word ?? "", "src, dst, sport, dport, and, or, not, ( )");
  }

  #port(isSource: boolean): SocketTest {
    const compare = OPERATORS.get(this.#words[0] ?? "");
    if (compare !== undefined) this.#words.shift();
    const text = (this.#words.shift() ?? "").replace(/^.*:/, "");
    return (row) => {
      const port = isSource ? row.localPort : row.remotePort;
      const wanted = /^[0-9]+$/.test(text) ? Number(text) : servicePort(text, row.kind);
      return wanted !== undefined && (compare?.(port, wanted) ?? port === wanted);
    };
  }

  #end(isSource: boolean): SocketTest {
    this.#takes("=");
    const [place = "", port = ""] = (this.#words.shift() ?? "").split(":");
    const [address = "", length = "32"] = place.split("/");
    const wanted = isIpv4(address) ? parseIpv4(address) : 0;
    const bits = wanted === 0 ? 0 : Number(length);
    return (row) => {
      const found = isSource ? row.localAddress : row.remoteAddress;
      const foundPort = isSource ? row.localPort : row.remotePort;
      if (port !== "" && port !== "*" && foundPort !== Number(port)) return false;
      return networkOf(found, bits) === networkOf(wanted, bits);
    };
  }

  #takes(word: string): boolean {
    if (this.#words[0] !== word) return false;
    this.#words.shift();
    return true;
  }
}

function syntaxError(): ToolError {
  return new ToolError('ss: bison bellows (while parsing filter): "syntax error!"', 255);
}
