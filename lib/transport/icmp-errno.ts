/**
 * What ICMP errors mean to a program.
 *
 * Kernel: net/ipv4/icmp.c (icmp_err_convert), 6.18.
 */
import {
  ECONNREFUSED,
  EHOSTDOWN,
  EHOSTUNREACH,
  EMSGSIZE,
  ENETUNREACH,
  ENONET,
  ENOPROTOOPT,
  EOPNOTSUPP,
  EPROTO,
} from "../base/errno.ts";
import * as icmp from "../wire/icmp.ts";

/** By code of a destination unreachable: errno, and whether a connected socket dies of it. */
const CONVERSION: readonly (readonly [number, boolean])[] = [
  [ENETUNREACH, false],
  [EHOSTUNREACH, false],
  [ENOPROTOOPT, true],
  [ECONNREFUSED, true],
  [EMSGSIZE, false],
  [EOPNOTSUPP, false],
  [ENETUNREACH, true],
  [EHOSTDOWN, true],
  [ENONET, true],
  [ENETUNREACH, true],
  [EHOSTUNREACH, true],
  [ENETUNREACH, false],
  [EHOSTUNREACH, false],
  [EHOSTUNREACH, true],
  [EHOSTUNREACH, true],
  [EHOSTUNREACH, true],
];

/** The errno of an ICMP error, or 0 if it tells a socket nothing. */
export function icmpErrno(type: number, code: number): number {
  switch (type) {
    case icmp.ICMP_UNREACHABLE:
      return CONVERSION[code]?.[0] ?? EHOSTUNREACH;
    case icmp.ICMP_TIME_EXCEEDED:
      return EHOSTUNREACH;
    case icmp.ICMP_PARAMETER_PROBLEM:
      return EPROTO;
    default:
      return 0;
  }
}

/** Whether a socket that asked for errors is told of a destination unreachable at once. */
export function isFatalUnreachable(code: number): boolean {
  return CONVERSION[code]?.[1] ?? false;
}
