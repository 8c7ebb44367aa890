/**
 * `curl`'s command line.
 *
 * Spec: curl(1) of curl 7.88.1.
 */

import { type CurlOptions, DEFAULT_CURL_OPTIONS } from "../../apps/curl/options.ts";
import { WRITE_OUT_NAMES } from "../../apps/curl/report.ts";
import { curl as curlProgram } from "../../apps/curl.ts";
import { concatBytes, fromUtf8, utf8 } from "../../base/bytes.ts";
import { type Ipv4, isIpv4, parseIpv4 } from "../../base/inet.ts";
import { NS_PER_S, type Ns } from "../../base/units.ts";
import { appHost } from "../app.ts";
import { type Command, type CommandContext, notModelled, ToolError } from "../command.ts";
import {
  applyOptions,
  noEffect,
  type OptionEffects,
  type OptionTable,
  readOptions,
} from "../options.ts";

const LONG: Readonly<Record<string, string>> = {
  request: "X",
  header: "H",
  data: "d",
  "data-ascii": "d",
  "data-raw": "data-raw",
  "data-binary": "data-binary",
  get: "G",
  head: "I",
  include: "i",
  silent: "s",
  "show-error": "S",
  verbose: "v",
  fail: "f",
  location: "L",
  "write-out": "w",
  output: "o",
  "remote-name": "O",
  "user-agent": "A",
  "http1.0": "0",
  "http1.1": "http1.1",
  "max-time": "m",
  "connect-timeout": "connect-timeout",
  retry: "retry",
  "retry-delay": "retry-delay",
  "retry-connrefused": "retry-connrefused",
  "retry-all-errors": "retry-all-errors",
  interface: "interface",
  "local-port": "local-port",
  "keepalive-time": "keepalive-time",
  "no-keepalive": "no-keepalive",
  "no-tcp-nodelay": "no-tcp-nodelay",
  "tcp-nodelay": "tcp-nodelay",
  resolve: "resolve",
  "connect-to": "connect-to",
  insecure: "k",
  ipv4: "4",
  "no-buffer": "N",
  "no-progress-meter": "no-progress-meter",
  url: "url",
};

const TABLE: OptionTable = {
  command: "curl",
  letters: "0A:d:fGH:iIkLm:No:OsSvw:X:4",
  long: LONG,
  longWithValue: [
    "data-raw",
    "data-binary",
    "connect-timeout",
    "retry",
    "retry-delay",
    "interface",
    "local-port",
    "keepalive-time",
    "resolve",
    "connect-to",
    "url",
  ],
  allowed: `options are ${[...Object.keys(LONG)].map((name) => `--${name}`).join(" ")}`,
  missing: (option) => {
    const name = option.length === 1 ? `-${option}` : `--${option}`;
    return curlUsage(`option ${name}: requires parameter`);
  },
};

const EFFECTS: OptionEffects<CurlOptions> = {
  X: (value) => ({ method: value }),
  H: (value, { headers }) => ({ headers: [...headers, value] }),
  // What is sent may be in files, which are read when the command runs.
  d: noEffect,
  "data-raw": noEffect,
  "data-binary": noEffect,
  G: () => ({ get: true }),
  I: () => ({ head: true }),
  i: () => ({ include: true }),
  s: () => ({ silent: true }),
  S: () => ({ showError: true }),
  v: () => ({ verbose: true }),
  f: () => ({ fail: true }),
  L: () => ({ location: true }),
  w: (value) => ({ writeOut: checkWriteOut(value) }),
  o: (value, { outputs }) => ({ outputs: [...outputs, value] }),
  O: () => ({ remoteName: true }),
  A: (value) => ({ userAgent: value }),
  "0": () => ({ http10: true }),
  "http1.1": noEffect,
  m: (value) => ({ maxTimeNs: seconds("-m", value) }),
  "connect-timeout": (value) => ({ connectTimeoutNs: seconds("--connect-timeout", value) }),
  retry: (value) => ({ retries: integer("--retry", value) }),
  "retry-delay": (value) => ({ retryDelayNs: integer("--retry-delay", value) * NS_PER_S }),
  "retry-connrefused": () => ({ retryConnRefused: true }),
  "retry-all-errors": () => ({ retryAllErrors: true }),
  interface: (value) => ({ from: value }),
  "local-port": (value) => ({ localPort: integer("--local-port", value) }),
  "keepalive-time": (value) => ({ keepaliveTimeS: integer("--keepalive-time", value) }),
  "no-keepalive": () => ({ keepalive: false }),
  "no-tcp-nodelay": () => ({ tcpNodelay: false }),
  "tcp-nodelay": noEffect,
  "4": () => ({ ipv4Only: true }),
  resolve: (value, { resolved }) => ({ resolved: new Map([...resolved, readResolve(value)]) }),
  "connect-to": (value, { connectTo }) => ({ connectTo: [...connectTo, readConnectTo(value)] }),
  k: noEffect,
  N: noEffect,
  "no-progress-meter": noEffect,
  url: (value, { urls }) => ({ urls: [...urls, value] }),
};

/** A piece of `-d`: text, or a file to read when the command runs. */
interface DataPiece {
  readonly text: string;
  readonly file: string;
  /** Line ends are kept. */
  readonly binary: boolean;
}

/** The command. */
export const curl: Command = {
  name: "curl",
  parse(args) {
    const given = readOptions(args, TABLE);
    const defaults = { ...DEFAULT_CURL_OPTIONS, urls: given.words };
    const wanted = applyOptions<CurlOptions>(defaults, given, EFFECTS, TABLE);
    const data = given.options.flatMap(([name, value]) => readData(name, value));
    if (wanted.urls.length === 0) {
      throw new ToolError("curl: try 'curl --help' or 'curl --manual' for more information", 2);
    }
    return function* (context) {
      const body = data.length === 0 ? null : yield* readBody(context, data);
      const save = (name: string, bytes: Uint8Array): void => {
        context.host.files.write(name, bytes);
      };
      return yield* curlProgram(appHost(context), { ...wanted, body }, save);
    };
  },
};

/** The piece of data that an option says, if it says one. */
function readData(name: string, value: string): DataPiece[] {
  if (name !== "d" && name !== "data-raw" && name !== "data-binary") return [];
  const isFile = name !== "data-raw" && value.startsWith("@");
  const binary = name === "data-binary";
  return [isFile ? { text: "", file: value.slice(1), binary } : { text: value, file: "", binary }];
}

function* readBody(context: CommandContext, data: readonly DataPiece[]) {
  const pieces: Uint8Array[] = [];
  for (const { text, file, binary } of data) {
    if (pieces.length > 0) pieces.push(utf8("&"));
    if (file === "") {
      pieces.push(utf8(text));
      continue;
    }
    const bytes = file === "-" ? yield* context.io.stdin.readAll() : context.host.files.read(file);
    if (bytes === null) {
      context.io.stderr(
        `Warning: Couldn't read data from file "${file}", this makes an empty POST.\n`,
      );
    }
    const content = bytes ?? new Uint8Array(0);
    pieces.push(binary ? content : utf8(fromUtf8(content).replace(/[\r\n\0]/g, "")));
  }
  return concatBytes(pieces);
}

function readResolve(value: string): [string, Ipv4] {
  const [host = "", port = "", address = ""] = value.split(":");
  if (!isIpv4(address)) {
    throw new ToolError(`curl: (49) Couldn't parse CURLOPT_RESOLVE entry '${value}'`, 49);
  }
  return [`${host}:${port}`, parseIpv4(address)];
}

function readConnectTo(value: string): readonly [string, string, string, string] {
  const [host = "", port = "", newHost = "", newPort = ""] = value.split(":");
  return [host, port, newHost, newPort];
}

function checkWriteOut(format: string): string {
  for (const [, name = ""] of format.matchAll(/%\{([^}]*)\}/g)) {
    if (!WRITE_OUT_NAMES.includes(name)) {
      throw notModelled("curl -w", `%{${name}}`, WRITE_OUT_NAMES.join(" "));
    }
  }
  return format;
}

function seconds(option: string, text: string): Ns {
  if (!/^[0-9]+(\.[0-9]*)?$/.test(text)) throw badNumber(option);
  return Math.round(Number(text) * NS_PER_S);
}

function integer(option: string, text: string): number {
  if (!/^[0-9]+$/.test(text)) throw badNumber(option);
  return Number(text);
}

function badNumber(option: string): ToolError {
  return curlUsage(`option ${option}: expected a proper numerical parameter`);
}

function curlUsage(problem: string): ToolError {
  return new ToolError(
    `curl: ${problem}\ncurl: try 'curl --help' or 'curl --manual' for more information`,
    2,
  );
}
