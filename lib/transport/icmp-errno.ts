/**
 * What an ICMP destination unreachable means to a program.
 *
 * Kernel: net/ipv4/icmp.c (icmp_err_convert), 6.18.
 */
import {
  ECONNREFUSED,
  EHOSTDOWN,
  EHOSTUNREACH,
  EMSGSIZE,
  ENETUNREACH,
  ENOPROTOOPT,
  EOPNOTSUPP,
} from "../base/errno.ts";

const HOSTDOWN_CODE = 7;

/** By code: errno, and whether a connected socket dies of it. */
const CONVERSION: readonly (readonly [number, boolean])[] = [
  [ENETUNREACH, false],
  [EHOSTUNREACH, false],
  [ENOPROTOOPT, true],
  [ECONNREFUSED, true],
  [EMSGSIZE, false],
  [EOPNOTSUPP, false],
  [ENETUNREACH, true],
  [EHOSTDOWN, true],
  [ENETUNREACH, true],
  [ENETUNREACH, true],
  [EHOSTUNREACH, true],
  [ENETUNREACH, false],
  [EHOSTUNREACH, false],
  [EHOSTUNREACH, true],
  [EHOSTUNREACH, true],
  [EHOSTUNREACH, true],
];

/** The errno of an unreachable with this code. */
export function errnoOfUnreachable(code: number): number {
  return (CONVERSION[code] ?? CONVERSION[HOSTDOWN_CODE])?.[0] ?? EHOSTUNREACH;
}

/** Whether a socket that asked for errors is told at once. */
export function isFatalUnreachable(code: number): boolean {
  return CONVERSION[code]?.[1] ?? false;
}
