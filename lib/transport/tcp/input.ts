/**
 * Input of an established connection: the fast path for what is expected, the slow one for the
 * rest. The other states are in input-in-state.ts and connect.ts.
 *
 * Spec: RFC 9293 §3.10.7.4. Kernel: net/ipv4/tcp_input.c (tcp_rcv_established), 6.18.
 */
import { DropReason } from "../../sim/drop-reason.ts";
import { after, before } from "../../wire/sequence.ts";
import {
  FLAG_ACK,
  FLAG_CWR,
  FLAG_ECE,
  FLAG_FIN,
  FLAG_RST,
  FLAG_SYN,
  FLAG_URG,
} from "../../wire/tcp.ts";
import { ACK_TOO_OLD, handleAck } from "./ack.ts";
import { FLAG_SLOWPATH, FLAG_UPDATE_TS_RECENT } from "./ack-flags.ts";
import { ackSndCheck, ackSndCheckNow, eventDataReceived } from "./ack-policy.ts";
import { refreshMstamp } from "./clock.ts";
import { ACK_SCHED } from "./constants.ts";
import { queueData, queueRcv } from "./data-queue.ts";
import { dataSndCheck } from "./output.ts";
import { replaceTsRecent } from "./paws.ts";
import { measureReceiveRttByTimestamp } from "./rtt.ts";
import { parseOptions, rxOptions } from "./rx-options.ts";
import type { Segment, SegmentPool } from "./segment.ts";
import { forwardAlloc } from "./segment-memory.ts";
import type { Tcb } from "./tcb.ts";
import { receiveWindow } from "./tcb-queries.ts";
import { validateIncoming } from "./validate-incoming.ts";

/** Flags that header prediction looks at (`TCP_HP_BITS`). */
const PREDICTED = FLAG_FIN | FLAG_SYN | FLAG_RST | FLAG_ACK | FLAG_URG | FLAG_ECE | FLAG_CWR;

/** A segment for an established connection (`tcp_rcv_established`). Takes it. @hot */
export function receiveEstablished(tp: Tcb, segment: Segment, pool: SegmentPool): void {
  refreshMstamp(tp);
  parseOptions(tp, segment);
  const plain = (segment.flags & PREDICTED) === FLAG_ACK;
  if (plain && isPredicted(tp, segment)) {
    if (segment.length === 0) {
      // Pure ACK: only the sender's side is concerned.
      if (tp.sawTstamp) replaceTsRecent(tp, segment.seq);
      handleAck(tp, segment, rxOptions, 0);
      pool.consume(segment);
      dataSndCheck(tp);
      return;
    }
    // What is predicted is in the window, so it is not asked whether the buffer has room for it.
    if (segment.truesize <= forwardAlloc(tp)) receivePredictedData(tp, segment);
    else receiveValid(tp, segment, pool);
    return;
  }
  receiveSlowly(tp, segment, pool);
}

/** Whether the segment is the next one, without surprises (header prediction). @hot */
function isPredicted(tp: Tcb, segment: Segment): boolean {
  return (
    segment.seq === tp.rcvNxt &&
    !after(segment.ack, tp.sndNxt) &&
    !before(segment.ack, tp.sndUna) &&
    segment.window << tp.sndWscale === tp.sndWnd &&
    tp.rcvWnd > 0 &&
    tp.outOfOrder.empty &&
    rxOptions.sackCount === 0 &&
    tp.sawTstamp === tp.tstampOk &&
    (!tp.sawTstamp || ((tp.rcvTsval - tp.tsRecent) | 0) >= 0) &&
    (segment.length === 0 || segment.length <= receiveWindow(tp))
  );
}

/** Data that was expected. @hot */
function receivePredictedData(tp: Tcb, segment: Segment): void {
  if (tp.sawTstamp) replaceTsRecent(tp, segment.seq);
  if (tp.sawTstamp) measureReceiveRttByTimestamp(tp, segment);
  queueRcv(tp, segment);
  eventDataReceived(tp, segment);
  if (segment.ack !== tp.sndUna) {
    handleAck(tp, segment, rxOptions, 0);
    dataSndCheck(tp);
    if ((tp.ack.pending & ACK_SCHED) === 0) {
      tp.wait.wake();
      return;
    }
  } else {
    tp.sndWl1 = segment.seq;
  }
  ackSndCheckNow(tp, false);
  tp.wait.wake();
}

function receiveSlowly(tp: Tcb, segment: Segment, pool: SegmentPool): void {
  const { flags } = segment;
  if ((flags & (FLAG_ACK | FLAG_RST | FLAG_SYN)) === 0) {
    pool.drop(segment, DropReason.TCP_FLAGS);
    return;
  }
  if (validateIncoming(tp, segment, pool)) receiveValid(tp, segment, pool);
}

function receiveValid(tp: Tcb, segment: Segment, pool: SegmentPool): void {
  const result = handleAck(tp, segment, rxOptions, FLAG_SLOWPATH | FLAG_UPDATE_TS_RECENT);
  if (result < 0) {
    pool.drop(
      segment,
      result === ACK_TOO_OLD ? DropReason.TCP_TOO_OLD_ACK : DropReason.TCP_ACK_UNSENT_DATA,
    );
    return;
  }
  if (tp.sawTstamp) measureReceiveRttByTimestamp(tp, segment);
  queueData(tp, segment, pool);
  dataSndCheck(tp);
  ackSndCheck(tp);
}
