/**
 * What a kubelet asks of the network of Pods: a part that can be exchanged, as the CNI of a cluster
 * can. One instance serves one node; it is told of all nodes, since Pods of different nodes reach
 * each other through it.
 *
 * Spec: CNI 1.0 (ADD, DEL), Kubernetes "The Kubernetes network model".
 */
import type { Ipv4 } from "../../base/inet.ts";
import type { ShellHost } from "../../shell/host.ts";
import type { Node } from "../api/types.ts";

/** A port of the node that leads to one of a Pod: the capability `portMappings`. */
export interface PortMapping {
  readonly hostPort: number;
  readonly containerPort: number;
  /** In small letters: `tcp`. */
  readonly protocol: string;
  /** The node's address that it is open at; "" or 0.0.0.0: all. */
  readonly hostIp: string;
}

/** A Pod that gets a network. */
export interface PodAttachment {
  /** The sandbox's id: names derived from it are the same in every run. */
  readonly sandboxId: string;
  readonly namespace: string;
  readonly name: string;
  readonly portMappings: readonly PortMapping[];
  /** The Pod's own network namespace; borrowed. */
  readonly host: ShellHost;
}

/** The network of one node's Pods. */
export interface PodNetwork {
  /** Why the node has no network for Pods yet, in the kubelet's words; null if it has one. */
  readonly problem: string | null;

  /** A node came, changed (`current`) or went (`current` null); this instance's own included. */
  nodeChanged(previous: Node | null, current: Node | null): void;

  /**
   * Connects a Pod and returns its address (ADD). Throws `CniError` if it cannot, with nothing left
   * behind.
   */
  add(pod: PodAttachment): Ipv4;

  /** Disconnects a Pod (DEL); one that is not connected stays so. */
  remove(pod: PodAttachment): void;
}

/** Why a Pod got no network; the text is the plugin's. */
export class CniError extends Error {}
