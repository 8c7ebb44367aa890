/**
 * Routes that were decided before, found again by what they were decided from. A direct-mapped
 * table: a collision costs a new decision and nothing else.
 */
import type { Route } from "./route.ts";

const SIZE = 1024;
const NO_KEYS = new Int32Array(0);

/** A cache of routes. Entries that are obsolete are not found. */
export class RouteCache {
  /** Both empty until there is a route to keep. */
  #keys = NO_KEYS;
  #routes: (Route | null)[] = [];

  /** The route that was kept for these, if it still holds. @hot */
  find(
    destination: number,
    source: number,
    device: number,
    tos: number,
    mark: number,
  ): Route | null {
    if (this.#routes.length === 0) return null;
    const slot = slotOf(destination, source, device, mark);
    const keys = this.#keys;
    const at = slot * 5;
    if (
      keys[at] !== destination ||
      keys[at + 1] !== source ||
      keys[at + 2] !== device ||
      keys[at + 3] !== tos ||
      keys[at + 4] !== mark
    ) {
      return null;
    }
    const route = this.#routes[slot] ?? null;
    return route === null || route.obsolete ? null : route;
  }

  /** Keeps a route. */
  keep(
    destination: number,
    source: number,
    device: number,
    tos: number,
    mark: number,
    route: Route,
  ): void {
    if (this.#routes.length === 0) {
      this.#keys = new Int32Array(SIZE * 5);
      this.#routes = new Array<Route | null>(SIZE).fill(null);
    }
    const slot = slotOf(destination, source, device, mark);
    this.#keys.set([destination, source, device, tos, mark], slot * 5);
    this.#routes[slot] = route;
  }
}

function slotOf(destination: number, source: number, device: number, mark: number): number {
  let hash = Math.imul(destination, 0x9e3779b1) ^ Math.imul(source, 0x85ebca6b);
  hash ^= Math.imul(device, 0xc2b2ae35) ^ mark;
  return (hash ^ (hash >>> 15)) & (SIZE - 1);
}
