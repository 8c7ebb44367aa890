/**
 * What every mode of kube-proxy is to the rest: something that is told of Services, EndpointSlices
 * and its Node, and sees to its node by itself.
 */
import type { Ns } from "../../base/units.ts";
import type { EndpointSlice, Node, Service } from "../objects.ts";

/** A kube-proxy of whatever mode. */
export interface KubeProxy {
  /** When a sync last succeeded; -1 if none has, or if the mode does not report it. */
  readonly lastSyncAt: Ns;
  /** A Service was added (`previous` null), changed, or deleted (`current` null). */
  serviceChanged(previous: Service | null, current: Service | null): void;
  /** The same of an EndpointSlice. */
  sliceChanged(previous: EndpointSlice | null, current: EndpointSlice | null): void;
  /** The proxy's own Node was added, changed, or deleted (null). Other Nodes are not told. */
  nodeChanged(node: Node | null): void;
  /** All Services there were at the start have been told. Nothing is written before. */
  servicesSynced(): void;
  /** The same of EndpointSlices. */
  slicesSynced(): void;
  /** Ends timers; rules stay. */
  stop(): void;
}
