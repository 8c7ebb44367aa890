/** What has been measured of one transfer; its redirections add up. */
import { ANY_ADDRESS } from "../../base/inet.ts";
import { NS_PER_MS, type Ns } from "../../base/units.ts";
import type { Cpu } from "../../sim/cpu.ts";
import type { Endpoint } from "../../socket/endpoint.ts";
import type { MessageHead } from "../http-message.ts";

const NOWHERE: Endpoint = { address: ANY_ADDRESS, port: 0 };

/** Times count from the start of the transfer, in ns; sizes are bytes. */
export class TransferProgress {
  readonly startNs: Ns;
  /** When `-m` ends it, on the clock of the run. */
  readonly deadline: Ns;
  /** Head of the latest answer. */
  head: MessageHead | null = null;
  local = NOWHERE;
  remote = NOWHERE;
  connects = 0;
  redirects = 0;
  resolvedNs = 0;
  connectedNs = 0;
  firstByteNs = 0;
  totalNs = 0;
  requestSize = 0;
  headerSize = 0;
  downloaded = 0;
  uploaded = 0;
  readonly #cpu: Cpu;

  /** `maxTimeNs` is 0 for no limit. */
  constructor(cpu: Cpu, maxTimeNs: Ns) {
    this.#cpu = cpu;
    this.startNs = cpu.now;
    this.deadline = maxTimeNs === 0 ? Number.POSITIVE_INFINITY : this.startNs + maxTimeNs;
  }

  /** The status code of the answer, or 0. */
  get status(): number {
    return this.head === null ? 0 : Number(this.head.startLine[1]);
  }

  /** Time since the start. */
  since(): Ns {
    return this.#cpu.now - this.startNs;
  }

  /** Whole milliseconds since `from`. */
  ms(from: Ns): number {
    return Math.floor((this.#cpu.now - from) / NS_PER_MS);
  }
}
