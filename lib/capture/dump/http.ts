/** HTTP/1 as tcpdump hints at it. Spec: tcpdump 4.99, http_print, txtproto_print. */

const PORTS = [80, 8080];
const METHODS = new Set(
  `GET PUT COPY HEAD LOCK MOVE POLL POST BCOPY BMOVE MKCOL TRACE LABEL MERGE DELETE SEARCH UNLOCK
  REPORT UPDATE NOTIFY BDELETE CONNECT OPTIONS CHECKIN PROPFIND CHECKOUT CCM_POST SUBSCRIBE
  PROPPATCH BPROPFIND BPROPPATCH UNCHECKOUT MKACTIVITY MKWORKSPACE UNSUBSCRIBE RPC_CONNECT
  VERSION-CONTROL BASELINE-CONTROL`.split(/\s+/),
);
/** Longer words are neither a method nor a status. */
const LONGEST_TOKEN = 126;
const LF = 0x0a;
const CR = 0x0d;
const TAB = 0x09;

/** Whether tcpdump takes segments of that port for HTTP. */
export function isHttpPort(port: number): boolean {
  return PORTS.includes(port);
}

/** The first line of a message, all of it with `verbose`, or only `HTTP` for what goes on. */
export function describeHttp(data: Uint8Array, length: number, verbose: boolean): string {
  if (!startsMessage(data)) return "HTTP";
  if (!verbose) return `HTTP${line(data, 0).text(": ")}`;
  let text = `HTTP, length: ${length}`;
  for (let at = 0; at < data.length; ) {
    const { next, text: show } = line(data, at);
    text += show("\n\t");
    if (next === 0) break;
    at = next;
  }
  return text;
}

function startsMessage(data: Uint8Array): boolean {
  const first = token(data, 0);
  if (first === null) return false;
  if (METHODS.has(first.word.toUpperCase())) return true;
  const second = token(data, first.next);
  return second !== null && /^[0-9]{3}$/.test(second.word);
}

/** The word at `at` and where the next one begins. */
function token(data: Uint8Array, at: number): { word: string; next: number } | null {
  let end = at;
  while (end < data.length && !isSpace(data[end] ?? 0)) {
    if (!isPrintable(data[end] ?? 0)) return null;
    end += 1;
  }
  if (end === at || end - at > LONGEST_TOKEN) return null;
  let next = end;
  while (next < data.length && (data[next] === 0x20 || data[next] === TAB)) next += 1;
  return { word: String.fromCharCode(...data.subarray(at, end)), next };
}

/** One line of text, and where the next begins: 0 when it is the last or no text. */
function line(data: Uint8Array, at: number): { next: number; text: (prefix: string) => string } {
  for (let index = at; index < data.length; index += 1) {
    const byte = data[index] ?? 0;
    const ends = byte === LF ? 1 : byte === CR && data[index + 1] === LF ? 2 : 0;
    if (ends > 0) return { next: index + ends, text: (prefix) => prefix + ascii(data, at, index) };
    if (byte === CR && index + 1 === data.length) break;
    if (!isPrintable(byte) && byte !== TAB) return { next: 0, text: () => "" };
  }
  return { next: 0, text: (prefix) => `${prefix}${ascii(data, at, data.length)} [|http]` };
}

function ascii(data: Uint8Array, from: number, to: number): string {
  let text = "";
  for (let index = from; index < to; index += 1) text += String.fromCharCode(data[index] ?? 0);
  return text;
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || (byte >= TAB && byte <= CR);
}

function isPrintable(byte: number): boolean {
  return byte >= 0x20 && byte < 0x7f;
}
