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
import { type OptionTable, readOptions } from "../options.ts";

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

type Writable = { -readonly [Key in keyof CurlOptions]: CurlOptions[Key] };

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
    const { options, words } = readOptions(args, TABLE);
    const wanted: Writable = { ...DEFAULT_CURL_OPTIONS };
    const data: DataPiece[] = [];
    const urls = [...words];
    for (const [name, value] of options) {
      if (name === "url") urls.push(value);
      else if (!readData(data, name, value)) apply(wanted, name, value);
    }
    if (urls.length === 0) {
      throw new ToolError("curl: try 'curl --help' or 'curl --manual' for more information", 2);
    }
    wanted.urls = urls;
    return function* (context) {
      const body = data.length === 0 ? null : yield* readBody(context, data);
      const save = (name: string, bytes: Uint8Array): void => {
        context.host.files.write(name, bytes);
      };
      return yield* curlProgram(appHost(context), { ...wanted, body }, save);
    };
  },
};

function readData(data: DataPiece[], name: string, value: string): boolean {
  if (name !== "d" && name !== "data-raw" && name !== "data-binary") return false;
  const isFile = name !== "data-raw" && value.startsWith("@");
  const binary = name === "data-binary";
  data.push(
    isFile ? { text: "", file: value.slice(1), binary } : { text: value, file: "", binary },
  );
  return true;
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

function apply(wanted: Writable, name: string, value: string): void {
  switch (name) {
    case "X":
      wanted.method = value;
      break;
    case "H":
      wanted.headers = [...wanted.headers, value];
      break;
    case "G":
      wanted.get = true;
      break;
    case "I":
      wanted.head = true;
      break;
    case "i":
      wanted.include = true;
      break;
    case "s":
      wanted.silent = true;
      break;
    case "S":
      wanted.showError = true;
      break;
    case "v":
      wanted.verbose = true;
      break;
    case "f":
      wanted.fail = true;
      break;
    case "L":
      wanted.location = true;
      break;
    case "w":
      wanted.writeOut = checkWriteOut(value);
      break;
    case "o":
      wanted.outputs = [...wanted.outputs, value];
      break;
    case "O":
      wanted.remoteName = true;
      break;
    case "A":
      wanted.userAgent = value;
      break;
    case "0":
      wanted.http10 = true;
      break;
    default:
      applyConnection(wanted, name, value);
  }
}

function applyConnection(wanted: Writable, name: string, value: string): void {
  switch (name) {
    case "m":
      wanted.maxTimeNs = seconds("-m", value);
      break;
    case "connect-timeout":
      wanted.connectTimeoutNs = seconds("--connect-timeout", value);
      break;
    case "retry":
      wanted.retries = integer("--retry", value);
      break;
    case "retry-delay":
      wanted.retryDelayNs = integer("--retry-delay", value) * NS_PER_S;
      break;
    case "retry-connrefused":
      wanted.retryConnRefused = true;
      break;
    case "retry-all-errors":
      wanted.retryAllErrors = true;
      break;
    case "interface":
      wanted.from = value;
      break;
    case "local-port":
      wanted.localPort = integer("--local-port", value);
      break;
    case "keepalive-time":
      wanted.keepaliveTimeS = integer("--keepalive-time", value);
      break;
    case "no-keepalive":
      wanted.keepalive = false;
      break;
    case "no-tcp-nodelay":
      wanted.tcpNodelay = false;
      break;
    case "4":
      wanted.ipv4Only = true;
      break;
    case "resolve":
      wanted.resolved = new Map([...wanted.resolved, readResolve(value)]);
      break;
    case "connect-to": {
      const [host = "", port = "", newHost = "", newPort = ""] = value.split(":");
      wanted.connectTo = [...wanted.connectTo, [host, port, newHost, newPort]];
      break;
    }
    default:
      break;
  }
}

function readResolve(value: string): [string, Ipv4] {
  const [host = "", port = "", address = ""] = value.split(":");
  if (!isIpv4(address)) {
    throw new ToolError(`curl: (49) Couldn't parse CURLOPT_RESOLVE entry '${value}'`, 49);
  }
  return [`${host}:${port}`, parseIpv4(address)];
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
