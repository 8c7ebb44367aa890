/**
 * What IPv4 notes about a frame on its way through a host, in `frame.ipFlags`.
 *
 * Kernel: include/net/ip.h (IPSKB_*, struct ip_options), 6.18.
 */

/** It came in and goes out again. */
export const FORWARDED = 1;
/** Its sender should be told a better gateway. */
export const DO_REDIRECT = 2;
/** It came from fragments with DF, the largest of which decides the size to leave with. */
export const FRAGMENT_PMTU = 8;
/** Options: a record route slot waits for the outgoing address. */
export const RECORD_ROUTE = 16;
/** Options: a timestamp slot waits for the outgoing address. */
export const STAMP_ADDRESS = 32;
/** Options: a timestamp slot waits for the time. */
export const STAMP_TIME = 64;
/** Options: this host is a stop on the source route. */
export const SOURCE_ROUTE_HIT = 128;
/** Options: the source route is strict. */
export const STRICT_ROUTE = 256;
/** It has source route options. */
export const SOURCE_ROUTED = 512;
/** Options: one of them is wrong, so errors about the packet echo none. */
export const WRONG_OPTIONS = 1024;
/** A raw socket has had a copy, so it has reached somebody even if no other socket wants it. */
export const SEEN_RAW = 2048;
