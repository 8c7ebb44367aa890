/**
 * What is known of the ACK that is being handled: the kernel's FLAG_… bits and its
 * `tcp_sacktag_state`, in one object that is reused for every ACK.
 *
 * Kernel: net/ipv4/tcp_input.c, 6.18.
 */

/** The segment brings data. */
export const FLAG_DATA = 0x01;
export const FLAG_WIN_UPDATE = 0x02;
/** It acknowledges data that we sent. */
export const FLAG_DATA_ACKED = 0x04;
/** Some of that was sent more than once. */
export const FLAG_RETRANS_DATA_ACKED = 0x08;
export const FLAG_SYN_ACKED = 0x10;
export const FLAG_DATA_SACKED = 0x20;
export const FLAG_ECE = 0x40;
/** A retransmission was found to be lost as well. */
export const FLAG_LOST_RETRANS = 0x80;
export const FLAG_SLOWPATH = 0x100;
/** Data sent before the loss, and not retransmitted, has arrived. */
export const FLAG_ORIG_SACK_ACKED = 0x200;
export const FLAG_SND_UNA_ADVANCED = 0x400;
export const FLAG_DSACKING_ACK = 0x800;
export const FLAG_SET_XMIT_TIMER = 0x1000;
export const FLAG_SACK_RENEGING = 0x2000;
export const FLAG_UPDATE_TS_RECENT = 0x4000;
export const FLAG_NO_CHALLENGE_ACK = 0x8000;
export const FLAG_ACK_MAYBE_DELAYED = 0x10000;
export const FLAG_DSACK_TLP = 0x20000;

export const FLAG_ACKED = FLAG_DATA_ACKED | FLAG_SYN_ACKED;
export const FLAG_NOT_DUP = FLAG_DATA | FLAG_WIN_UPDATE | FLAG_ACKED;
export const FLAG_CA_ALERT = FLAG_DATA_SACKED | FLAG_ECE | FLAG_DSACKING_ACK;
export const FLAG_FORWARD_PROGRESS = FLAG_ACKED | FLAG_DATA_SACKED;

/** What is to be sent after the ACK was handled. */
export const REXMIT_NONE = 0;
export const REXMIT_LOST = 1;
export const REXMIT_NEW = 2;

/** The ACK that is handled now. */
export class AckState {
  flag = 0;
  /** Lowest sequence number that was delivered out of order and never retransmitted. */
  reord = 0;
  /** Send times of the first and last segment that were SACKed now, in ns; 0 for none. */
  firstSackAt = 0;
  lastSackAt = 0;
  sackDelivered = 0;
  rexmit = REXMIT_NONE;
  /** `tp.delivered` when the newest delivered segment was sent; 0 for no sample. */
  priorDelivered = 0;
  rttUs = -1;
  /** Segments that it acknowledges, those SACKed before included. */
  packets = 0;
  /** Send times of the first and last of them that were sent once only, in ns; 0 for none. */
  firstAckAt = 0;
  lastAckAt = 0;
  /** Lowest sequence number of those that were sent once only and not SACKed before. */
  lowestAcked = 0;

  /** Begins another ACK. `sndNxt` is above all that it can acknowledge. @hot */
  begin(flag: number, sndNxt: number): void {
    this.flag = flag;
    this.reord = sndNxt;
    this.firstSackAt = 0;
    this.lastSackAt = 0;
    this.sackDelivered = 0;
    this.rexmit = REXMIT_NONE;
    this.priorDelivered = 0;
    this.rttUs = -1;
    this.packets = 0;
    this.firstAckAt = 0;
    this.lastAckAt = 0;
    this.lowestAcked = sndNxt;
  }
}
