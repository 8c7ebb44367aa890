/** One end of a flow: what `getsockname` and `getpeername` tell. */
import type { Ipv4 } from "../base/inet.ts";

/** An address and a port. */
export interface Endpoint {
  readonly address: Ipv4;
  readonly port: number;
}
