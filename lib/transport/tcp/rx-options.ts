/**
 * The options of the segment that is being handled, read once; one object for all hosts.
 *
 * Spec: RFC 9293 §3.2. Kernel: net/ipv4/tcp_input.c (tcp_parse_options), 6.18.
 */

import { FLAG_SYN, TCP_SIZE } from "../../wire/tcp.ts";
import { TcpOptions } from "../../wire/tcp-options.ts";
import type { Segment } from "./segment.ts";
import type { Tcb } from "./tcb.ts";

/** Options of the segment that is handled now. */
export const rxOptions = new TcpOptions();

/** Reads the options of a segment into `rxOptions`. @hot */
export function readOptions(segment: Segment): void {
  const frame = segment.frame;
  if (frame === null) return;
  const start = segment.dataAt - segment.headerSize + TCP_SIZE;
  rxOptions.parse(frame.view, start, segment.dataAt, (segment.flags & FLAG_SYN) !== 0);
}

/** Reads the options of a segment for a connection that may use timestamps. @hot */
export function parseOptions(tp: Tcb, segment: Segment): void {
  tp.sawTstamp = false;
  readOptions(segment);
  if (!rxOptions.hasTimestamps || !tp.tstampOk) return;
  tp.sawTstamp = true;
  tp.rcvTsval = rxOptions.timestampValue;
  tp.rcvTsecr = rxOptions.timestampEcho === 0 ? 0 : (rxOptions.timestampEcho - tp.tsOffset) | 0;
}
