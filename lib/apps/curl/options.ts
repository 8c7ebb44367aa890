/** What curl is asked to do: the options that are modelled, with curl's defaults. */
import type { Ipv4 } from "../../base/inet.ts";
import { NS_PER_S, type Ns } from "../../base/units.ts";

/** Options of one run of curl. */
export interface CurlOptions {
  readonly urls: readonly string[];
  /** `-o`, one for each URL; "-" and nothing mean standard output. */
  readonly outputs: readonly string[];
  /** `-O`. */
  readonly remoteName: boolean;
  /** `-X`, or null for the natural one. */
  readonly method: string | null;
  /** `-H`, in order. */
  readonly headers: readonly string[];
  /** `-d` and its like; null for no body. */
  readonly body: Uint8Array | null;
  /** `-G`: the data goes into the query. */
  readonly get: boolean;
  readonly head: boolean;
  readonly include: boolean;
  readonly silent: boolean;
  readonly showError: boolean;
  readonly verbose: boolean;
  /** `-f`. */
  readonly fail: boolean;
  readonly location: boolean;
  readonly writeOut: string;
  readonly userAgent: string;
  readonly http10: boolean;
  readonly maxTimeNs: Ns;
  readonly connectTimeoutNs: Ns;
  readonly retries: number;
  readonly retryDelayNs: Ns;
  readonly retryConnRefused: boolean;
  readonly retryAllErrors: boolean;
  /** `--interface`, an address or device; "" for none. */
  readonly from: string;
  readonly localPort: number;
  readonly keepalive: boolean;
  readonly keepaliveTimeS: number;
  readonly tcpNodelay: boolean;
  /** `-4`: IPv6 addresses are not even asked for. */
  readonly ipv4Only: boolean;
  /** `--resolve HOST:PORT:ADDRESS`. */
  readonly resolved: ReadonlyMap<string, Ipv4>;
  /** `--connect-to HOST:PORT:HOST:PORT`. */
  readonly connectTo: readonly (readonly [string, string, string, string])[];
}

/** How curl behaves when nothing is said. */
export const DEFAULT_CURL_OPTIONS: CurlOptions = {
  urls: [],
  outputs: [],
  remoteName: false,
  method: null,
  headers: [],
  body: null,
  get: false,
  head: false,
  include: false,
  silent: false,
  showError: false,
  verbose: false,
  fail: false,
  location: false,
  writeOut: "",
  userAgent: "curl/7.88.1",
  http10: false,
  maxTimeNs: 0,
  connectTimeoutNs: 300 * NS_PER_S,
  retries: 0,
  retryDelayNs: 0,
  retryConnRefused: false,
  retryAllErrors: false,
  from: "",
  localPort: 0,
  keepalive: true,
  keepaliveTimeS: 60,
  tcpNodelay: true,
  ipv4Only: false,
  resolved: new Map(),
  connectTo: [],
};
