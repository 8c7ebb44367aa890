/**
 * Who sent a frame, as -m owner asks: the socket that hangs on it, and the owner of that socket's
 * file. Sockets of the kernel itself have no file.
 *
 * Kernel: net/netfilter/xt_owner.c (owner_mt), include/net/inet_common.h (inet_ctl_sock_create), 6.18.
 * Differs: all programs run as root.
 */
import { type Frame, FrameAttachment } from "../wire/frame.ts";

/** Who owns the socket that sent a frame. */
export interface SocketOwner {
  readonly uid: number;
  readonly gid: number;
  /** Supplementary groups. */
  readonly groups: readonly number[];
}

/** A socket that need not be told when its frames end. */
class SocketMark extends FrameAttachment {}

/** On frames that a host sends in its own name: ICMP messages, and answers to stray segments. */
export const KERNEL_SOCKET: FrameAttachment = new SocketMark();
/** On frames of a program whose socket does not count them. */
export const PROGRAM_SOCKET: FrameAttachment = new SocketMark();

const NOBODY: SocketOwner = { uid: -1, gid: -1, groups: [] };
const ROOT: SocketOwner = { uid: 0, gid: 0, groups: [0] };

/** The owner of the socket that sent a frame; null if it came from elsewhere. */
export function ownerOfSocket(frame: Frame): SocketOwner | null {
  if (frame.socket === null) return null;
  return frame.socket === KERNEL_SOCKET ? NOBODY : ROOT;
}
