/**
 * A controller's way to the API server: its own account, the time that a request takes, and a
 * budget of requests, as client-go's flow control gives one. Requests are steps of a `Sync`.
 *
 * Spec: kube-controller-manager --kube-api-qps, --kube-api-burst.
 */
import { NS_PER_MS, NS_PER_S, type Ns } from "../../base/units.ts";
import type { Scheduler } from "../../sim/scheduler.ts";
import type { DeleteOptions } from "../api/deletion.ts";
import type { ApiServer, Change } from "../api/server.ts";
import type { ApiObject, Kind, Kinds, NewObject } from "../api/types.ts";

/** Work of a controller that takes virtual time: it yields how long, in ns, to wait each time. */
export type Sync<T = void> = Generator<Ns, T, void>;

/** What a request costs, and how many there may be. */
export interface ClientCosts {
  readonly requestNs: Ns;
  readonly queriesPerSecond: number;
  readonly burst: number;
}

const CONTROLLER_CLIENT: ClientCosts = {
  requestNs: 3 * NS_PER_MS,
  queriesPerSecond: 20,
  burst: 30,
};

/** One program's account with the API server. */
export class ApiClient {
  readonly server: ApiServer;
  readonly user: string;
  readonly #scheduler: Scheduler;
  readonly #costs: ClientCosts;
  #tokens: number;
  #refilledAt: Ns = 0;

  constructor(
    server: ApiServer,
    scheduler: Scheduler,
    user: string,
    costs: ClientCosts = CONTROLLER_CLIENT,
  ) {
    this.server = server;
    this.user = user;
    this.#scheduler = scheduler;
    this.#costs = costs;
    this.#tokens = costs.burst;
  }

  /** The present, as objects write it. */
  get time(): string {
    return this.server.time;
  }

  /** Virtual time in ns. */
  get now(): Ns {
    return this.#scheduler.now;
  }

  *create<T extends ApiObject>(object: NewObject): Sync<T> {
    yield this.#cost();
    return this.server.create(object, this.user) as T;
  }

  *update<T extends ApiObject>(object: T): Sync<T> {
    yield this.#cost();
    return this.server.update(object, this.user) as T;
  }

  *updateStatus<T extends ApiObject>(object: T): Sync<T> {
    yield this.#cost();
    return this.server.updateStatus(object, this.user) as T;
  }

  *patch(kind: string, key: string, change: Change): Sync<ApiObject> {
    yield this.#cost();
    return this.server.patch(kind, key, change, this.user);
  }

  *patchStatus<K extends Kind>(
    kind: K,
    key: string,
    change: (current: Kinds[K]) => Kinds[K]["status"],
  ): Sync<ApiObject> {
    yield this.#cost();
    return this.server.patchStatus(kind, key, change, this.user);
  }

  *delete(kind: string, key: string, options: DeleteOptions = {}): Sync {
    yield this.#cost();
    this.server.delete(kind, key, this.user, options);
  }

  *finalizeNamespace(name: string): Sync {
    yield this.#cost();
    this.server.finalizeNamespace(name, this.user);
  }

  *bind(key: string, nodeName: string): Sync {
    yield this.#cost();
    this.server.bind(key, nodeName, this.user);
  }

  /** An object as the server has it, not a cache. */
  *read<K extends Kind>(kind: K, key: string): Sync<Kinds[K] | null> {
    yield this.#cost();
    return this.server.store.get(kind, key);
  }

  /** The time until a request of now has been answered: its share of the budget, and its way. */
  #cost(): Ns {
    const perToken = NS_PER_S / this.#costs.queriesPerSecond;
    const now = this.#scheduler.now;
    this.#tokens = Math.min(this.#costs.burst, this.#tokens + (now - this.#refilledAt) / perToken);
    this.#refilledAt = now;
    this.#tokens -= 1;
    const wait = this.#tokens >= 0 ? 0 : Math.ceil(-this.#tokens * perToken);
    return wait + this.#costs.requestNs;
  }
}
