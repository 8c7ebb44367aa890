/**
 * The states of a neighbour.
 *
 * Spec: RFC 4861 §7.3.2. Kernel: include/uapi/linux/neighbour.h, include/net/neighbour.h, 6.18.
 */

/** States, as the kernel's bits (`NUD_*`). */
export const Nud = {
  NONE: 0x00,
  INCOMPLETE: 0x01,
  REACHABLE: 0x02,
  STALE: 0x04,
  DELAY: 0x08,
  PROBE: 0x10,
  FAILED: 0x20,
  NOARP: 0x40,
  PERMANENT: 0x80,
} as const;
export type Nud = number;

/** Packets may be sent without a question. */
export const NUD_CONNECTED = Nud.PERMANENT | Nud.NOARP | Nud.REACHABLE;
/** The link address is known, for sure or not. */
export const NUD_VALID = NUD_CONNECTED | Nud.PROBE | Nud.STALE | Nud.DELAY;
/** States that end by themselves. */
export const NUD_IN_TIMER = Nud.INCOMPLETE | Nud.REACHABLE | Nud.DELAY | Nud.PROBE;
