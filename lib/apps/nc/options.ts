/** What nc is asked to do. */
import type { Ipv4 } from "../../base/inet.ts";
import type { Ns } from "../../base/units.ts";
import type { Families } from "../resolver.ts";

/** What the command line says. */
export interface NcOptions {
  readonly listen: boolean;
  readonly keepListening: boolean;
  readonly udp: boolean;
  /** Host to connect to; when listening, the address to listen on or "". */
  readonly host: string;
  /** `-4` asks for no IPv6 addresses. */
  readonly families: Families;
  readonly ports: readonly number[];
  readonly verbose: boolean;
  readonly numeric: boolean;
  readonly scan: boolean;
  /** `-d`: standard input is not read. */
  readonly detach: boolean;
  /** `-N`: shut the connection's sending half down at the end of input. */
  readonly shutdownAtEnd: boolean;
  /** `-q`: stay so long after both sides have ended; null for not at all. */
  readonly quitAfterNs: Ns | null;
  /** `-w`; null for no limit. */
  readonly timeoutNs: Ns | null;
  readonly source: Ipv4;
  readonly sourcePort: number;
  readonly tos: number;
  readonly ttl: number;
  readonly receiveBuffer: number;
  readonly sendBuffer: number;
}
