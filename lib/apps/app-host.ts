/**
 * What a program is given by the host that it runs on: the kernel, the wall clock, names, and its
 * standard streams.
 */
import type { Ipv4 } from "../base/inet.ts";
import type { Namespace } from "../net/namespace.ts";
import type { Program } from "../sim/process.ts";
import type { Pipe } from "./pipe.ts";
import type { Families, ResolvedName, ResolveError } from "./resolver.ts";

/** A program's surroundings. */
export interface AppHost {
  readonly namespace: Namespace;
  /** Seconds since 1970 at virtual time 0. */
  readonly epochSeconds: number;
  readonly stdin: Pipe;
  stdout(bytes: Uint8Array): void;
  stderr(text: string): void;
  /**
   * The first address of a host name or dotted quad (`getaddrinfo`). May ask over the network, for
   * addresses of both families unless `families` says otherwise.
   */
  resolve(name: string, families?: Families): Program<Ipv4 | ResolveError>;
  /** The same with all addresses, and the name that they belong to (AI_CANONNAME). */
  lookUp(name: string): Program<ResolvedName | ResolveError>;
  /** The name of an address (`getnameinfo`), or null. May ask over the network. */
  nameOf(address: Ipv4): Program<string | null>;
}
