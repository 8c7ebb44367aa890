/**
 * Chooses the endpoint of each client of the userspace proxy: round robin over a list in random
 * order, or with session affinity the endpoint a client had before.
 *
 * Spec: Kubernetes v1.20 pkg/proxy/userspace/roundrobin.go.
 */
import { NS_PER_S, type Ns } from "../../../base/units.ts";
import { DEFAULT_AFFINITY_SECONDS } from "../../defaults.ts";

interface Session {
  endpoint: string;
  lastUsed: Ns;
}

interface Service {
  /** `ip:port`, in the order they are used. */
  endpoints: readonly string[];
  next: number;
  sticky: boolean;
  readonly affinitySeconds: number;
  /** By client address. */
  readonly sessions: Map<string, Session>;
}

/** Chooses endpoints in turn, or by session affinity. */
export class Balancer {
  readonly #now: () => Ns;
  readonly #random: (bound: number) => number;
  readonly #services = new Map<string, Service>();

  /** `random(n)` is a whole number below n. */
  constructor(now: () => Ns, random: (bound: number) => number) {
    this.#now = now;
    this.#random = random;
  }

  /**
   * Takes a service port on. If its endpoints came first, only whether it is sticky changes: the
   * timeout stays the default, as in the real one.
   */
  addService(label: string, sticky: boolean, affinitySeconds: number): void {
    const known = this.#services.get(label);
    if (known === undefined) this.#services.set(label, newService(sticky, affinitySeconds));
    else known.sticky = sticky;
  }

  deleteService(label: string): void {
    this.#services.delete(label);
  }

  /** Sets the endpoints of a service port. The same ones in another order change nothing. */
  setEndpoints(label: string, endpoints: readonly string[]): void {
    const service = this.#services.get(label) ?? newService(false, 0);
    this.#services.set(label, service);
    if (sameMembers(service.endpoints, endpoints)) return;
    for (const [client, { endpoint }] of service.sessions) {
      if (!endpoints.includes(endpoint)) service.sessions.delete(client);
    }
    service.endpoints = this.#shuffled(endpoints);
    service.next = 0;
  }

  /** Forgets the endpoints and sessions of a service port whose Endpoints are gone. */
  reset(label: string): void {
    const service = this.#services.get(label);
    if (service === undefined) return;
    service.endpoints = [];
    service.next = 0;
    service.sessions.clear();
  }

  /**
   * The endpoint for a client, or null if there is none. `afresh` passes over the client's session,
   * as the endpoint it leads to has not answered.
   */
  nextEndpoint(label: string, clientIp: string, afresh: boolean): string | null {
    const service = this.#services.get(label);
    if (service === undefined) return null;
    const session = service.sticky && !afresh ? service.sessions.get(clientIp) : undefined;
    if (session !== undefined && !this.#isStale(service, session)) {
      session.lastUsed = this.#now();
      return session.endpoint;
    }
    const endpoint = service.endpoints[service.next];
    if (endpoint === undefined) return null;
    service.next = (service.next + 1) % service.endpoints.length;
    if (service.sticky) service.sessions.set(clientIp, { endpoint, lastUsed: this.#now() });
    return endpoint;
  }

  /** Forgets sessions that have not been used for their timeout. */
  expireSessions(label: string): void {
    const service = this.#services.get(label);
    if (service === undefined) return;
    for (const [client, session] of service.sessions) {
      if (this.#isStale(service, session)) service.sessions.delete(client);
    }
  }

  #isStale(service: Service, session: Session): boolean {
    const seconds = Math.floor((this.#now() - session.lastUsed) / NS_PER_S);
    return seconds >= service.affinitySeconds;
  }

  /** Fisher and Yates, from the end. */
  #shuffled(endpoints: readonly string[]): string[] {
    const list = [...endpoints];
    for (let last = list.length - 1; last > 0; last -= 1) {
      const other = this.#random(last + 1);
      const [a = "", b = ""] = [list[last], list[other]];
      list[last] = b;
      list[other] = a;
    }
    return list;
  }
}

function newService(sticky: boolean, affinitySeconds: number): Service {
  return {
    endpoints: [],
    next: 0,
    sticky,
    affinitySeconds: affinitySeconds === 0 ? DEFAULT_AFFINITY_SECONDS : affinitySeconds,
    sessions: new Map(),
  };
}

function sameMembers(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && [...a].sort().join() === [...b].sort().join();
}
