/**
 * Who sent a frame, as -m owner asks: the socket that hangs on it, and the owner of that socket's
 * file. Sockets of the kernel itself have no file. And the device to which that socket is bound.
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
export class SocketMark extends FrameAttachment {
  /** SO_BINDTODEVICE by index, or 0. */
  boundDevice = 0;
}

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

/** Index of the device to which the socket that sent a frame is bound, or 0 (`sk_bound_dev_if`). */
export function boundDeviceOf({ socket }: Frame): number {
  if (socket === null || !("boundDevice" in socket)) return 0;
  return typeof socket.boundDevice === "number" ? socket.boundDevice : 0;
}
