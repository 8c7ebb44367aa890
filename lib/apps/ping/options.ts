/**
 * What ping's command line asks for.
 *
 * Spec: ping(8) of iputils 20221126.
 */
import type { Ns } from "../../base/units.ts";
import type { PmtuDiscovery } from "../../socket/raw-socket.ts";
import type { RouteOption } from "./route-option.ts";

/** What the command line says. Durations in ns. */
export interface PingOptions {
  /** As it was typed. */
  readonly target: string;
  /** `-n`: who answers is not looked up; it never is for a target that is an address. */
  readonly numeric: boolean;
  readonly count: number | null;
  readonly intervalNs: Ns;
  /** `-s`: bytes behind the ICMP header. */
  readonly size: number;
  /** `-W`: how long to wait for answers after the last request. */
  readonly lingerNs: Ns;
  /** `-w`: when to stop at all; null for never. */
  readonly deadlineNs: Ns | null;
  readonly ttl: number;
  readonly tos: number;
  readonly mark: number;
  /** `-M`, or null for what the host's sockets do. */
  readonly pmtuDiscovery: PmtuDiscovery | null;
  /** `-I`: an address or a device, or "". */
  readonly from: string;
  readonly broadcast: boolean;
  readonly quiet: boolean;
  /** `-f`: no waiting but for 10 ms, dots instead of lines. */
  readonly flood: boolean;
  /** `-O`: say what is outstanding before the next request. */
  readonly outstanding: boolean;
  /** `-p`: bytes that fill the data. */
  readonly pattern: Uint8Array | null;
  /** `-e`: the identifier, or null for a random one. */
  readonly identifier: number | null;
  /** `-R` and `-T`, or null. */
  readonly routeOption: RouteOption | null;
  /** `-A`: the next request goes when the answer to the last one is there. */
  readonly adaptive: boolean;
  /** `-l`: how many may be on their way without an answer. */
  readonly preload: number;
  /** `-D`: the time of day stands before each line. */
  readonly timeOfDay: boolean;
  /** `-a`: a bell for each answer. */
  readonly audible: boolean;
  /** `-B`: the source stays what it was at first. */
  readonly stickySource: boolean;
  /** `-v`: the identifier is said. */
  readonly verbose: boolean;
}
