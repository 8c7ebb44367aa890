/**
 * Route decisions of a host: for packets that it sends (`output`) and for those that come in
 * (`input`). Decisions are kept until something that they depend on changes.
 *
 * Kernel: net/ipv4/route.c (ip_route_output_key_hash, ip_route_input_noref), 6.18.
 */
import type { Ipv4 } from "../base/inet.ts";
import type { NetDevice } from "../link/device.ts";
import type { DropReason } from "../sim/drop-reason.ts";
import type { Frame } from "../wire/frame.ts";
import { ETHERTYPE_IPV4 } from "../wire/protocol-numbers.ts";
import type { Flow } from "./inet.ts";
import type { Namespace } from "./namespace.ts";
import { Route } from "./route.ts";
import { RouteCache } from "./route-cache.ts";
import { InputRouter } from "./route-input.ts";
import { OutputRouter } from "./route-output.ts";

/** Route decisions of one host. */
export class Routing {
  readonly #namespace: Namespace;
  readonly #outputCache = new RouteCache();
  readonly #inputCache = new RouteCache();
  readonly #outputs: OutputRouter;
  readonly #inputs: InputRouter;

  constructor(namespace: Namespace) {
    this.#namespace = namespace;
    this.#outputs = new OutputRouter(namespace);
    this.#inputs = new InputRouter(namespace);
  }

  /**
   * The route of a packet that this host makes, or a negative errno. Fills in `flow.source`, and
   * `flow.destination` if both were 0. @hot
   */
  output(flow: Flow): Route | number {
    const { destination, source, tos, mark } = flow;
    const cacheable = flow.scope === 0 && flow.inputIndex === 1 && !this.usesPorts;
    if (cacheable) {
      const kept = this.#outputCache.find(destination, source, flow.outputIndex, tos, mark);
      if (kept !== null) {
        if (source === 0) flow.source = kept.source;
        return kept;
      }
    }
    const wantedIndex = flow.outputIndex;
    const route = this.#outputs.decide(flow);
    if (cacheable && destination !== 0 && typeof route !== "number") {
      this.#outputCache.keep(destination, source, wantedIndex, tos, mark, route);
    }
    flow.outputIndex = wantedIndex;
    return route;
  }

  /**
   * Decides where a packet that came in by `device` goes and sets `frame.route`; returns null, or
   * the reason why it must be dropped. @hot
   */
  input(
    frame: Frame,
    destination: Ipv4,
    source: Ipv4,
    tos: number,
    device: NetDevice,
  ): DropReason | null {
    const cacheable = frame.protocol === ETHERTYPE_IPV4 && !this.usesPorts;
    if (cacheable) {
      const { index } = device;
      const kept = this.#inputCache.find(destination, source, index, tos, frame.mark);
      if (kept !== null) {
        frame.route = kept;
        return null;
      }
    }
    const route = this.#inputs.decide(frame, destination, source, tos, device);
    if (!(route instanceof Route)) return route;
    if (cacheable) {
      this.#inputCache.keep(destination, source, device.index, tos, frame.mark, route);
    }
    frame.route = route;
    return null;
  }

  /** Whether ports or protocols decide: then routes of addresses are not kept. */
  get usesPorts(): boolean {
    return this.#namespace.fib.usesPorts || this.#namespace.conf.fibMultipathHashPolicy === 1;
  }

  /** Packets refused because of an impossible source or destination; those that would be logged. */
  get martians(): { sources: number; destinations: number; logged: number } {
    const { martianSources, martianDestinations, martiansLogged } = this.#inputs;
    return { sources: martianSources, destinations: martianDestinations, logged: martiansLogged };
  }
}
