/**
 * What the ACK of a tail loss probe tells: whether the probe repaired a loss or was not needed.
 *
 * Spec: RFC 8985 §7.4. Kernel: net/ipv4/tcp_input.c (tcp_process_tlp_ack), 6.18.
 */
import { after, before } from "../../wire/sequence.ts";
import {
  FLAG_DATA_SACKED,
  FLAG_DSACK_TLP,
  FLAG_NOT_DUP,
  FLAG_SND_UNA_ADVANCED,
} from "./ack-flags.ts";
import { setCaState, tryKeepOpen } from "./ca-state.ts";
import { CaState } from "./constants.ts";
import { endCwndReduction, initCwndReduction } from "./cwnd-reduction.ts";
import type { Tcb } from "./tcb.ts";

/** Takes an ACK with the bits `flag` (FLAG_…) while a probe is out (`tcp_process_tlp_ack`). */
export function processTlpAck(tp: Tcb, ack: number, flag: number): void {
  if (before(ack, tp.tlpHighSeq)) return;
  if (!tp.tlpRetrans || (flag & FLAG_DSACK_TLP) !== 0) {
    tp.tlpHighSeq = 0;
  } else if (after(ack, tp.tlpHighSeq)) {
    // RFC 8985 §7.4.2: the probe filled a hole, so the window shrinks once.
    initTlpReduction(tp);
  } else if ((flag & (FLAG_SND_UNA_ADVANCED | FLAG_NOT_DUP | FLAG_DATA_SACKED)) === 0) {
    tp.tlpHighSeq = 0;
  }
}

function initTlpReduction(tp: Tcb): void {
  initCwndReduction(tp);
  setCaState(tp, CaState.CWR);
  endCwndReduction(tp);
  tryKeepOpen(tp);
}
