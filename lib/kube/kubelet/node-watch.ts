/**
 * The watch of all kubelets of a run: one cache, and each Pod's changes told to the kubelet of its
 * node alone, as the field selector `spec.nodeName` does it. Work per change does not grow with
 * the number of nodes.
 */
import type { FileSystem } from "../../shell/files.ts";
import type { Node, Pod } from "../api/types.ts";
import type { Change, Handler, Informers } from "../informer.ts";

/** Told of a node as it was and as it is; null: there was or is none. */
export type NodeHandler = (previous: Node | null, current: Node | null) => void;

/** Tells a kubelet of its Node's changes. */
export class NodeWatch {
  /** The cache, for look-ups of anything else. */
  readonly informers: Informers;
  /** What is on persistent volumes, by the volume's name: all kubelets reach it. */
  readonly storage = new Map<string, FileSystem>();
  readonly #handlers = new Map<string, Handler<Pod>>();
  readonly #nodeHandlers = new Map<string, NodeHandler>();

  constructor(informers: Informers) {
    this.informers = informers;
    informers.on("Pod", (change) => this.#podChanged(change));
    informers.on("Node", ({ type, object, previous }) => {
      const current = type === "DELETED" ? null : object;
      for (const handler of this.#nodeHandlers.values()) handler(previous, current);
    });
  }

  /** Calls `handler` at each change of a node's Pods; those that are there already come first. */
  follow(nodeName: string, handler: Handler<Pod>): void {
    this.#handlers.set(nodeName, handler);
    for (const object of this.informers.list("Pod")) {
      if (object.spec.nodeName === nodeName) handler({ type: "ADDED", object, previous: null });
    }
  }

  /** Calls `handler` at each change of any node; those that are there already come first. */
  followNodes(nodeName: string, handler: NodeHandler): void {
    this.#nodeHandlers.set(nodeName, handler);
    for (const node of this.informers.list("Node")) handler(null, node);
  }

  /** Ends both. */
  leave(nodeName: string): void {
    this.#nodeHandlers.delete(nodeName);
    this.#handlers.delete(nodeName);
  }

  #podChanged(change: Change<Pod>): void {
    const { nodeName } = change.object.spec;
    if (nodeName !== undefined) this.#handlers.get(nodeName)?.(change);
  }
}
