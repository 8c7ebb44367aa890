/**
 * Plays the states of a cluster to a kube-proxy, one after the other, each when the one before has
 * been quiet for a while, and keeps what the proxy wrote.
 */
import { NS_PER_S, type Ns } from "../../lib/base/units.ts";
import { deepEqual } from "../../lib/kube/deep-equal.ts";
import { type KubeObject, type Node, objectName } from "../../lib/kube/objects.ts";
import type { KubeProxyConfiguration } from "../../lib/kube/proxy/config.ts";
import { createKubeProxy } from "../../lib/kube/proxy/create.ts";
import type { KubeProxy } from "../../lib/kube/proxy/kube-proxy.ts";
import type { KubeProxyRelease } from "../../lib/kube/proxy/release.ts";
import { Scheduler } from "../../lib/sim/scheduler.ts";
import type { SetupCommand } from "./node-host.ts";
import { RecordingNode } from "./recording-node.ts";

/** Between two states; longer than the default minSyncPeriod, so that states do not wait. */
const QUIET_NS: Ns = 2.5 * NS_PER_S;

export interface Scene {
  readonly configuration: KubeProxyConfiguration;
  readonly release: KubeProxyRelease;
  readonly nodeName: string;
  /** Carried out on the node first. */
  readonly setup: readonly SetupCommand[];
  /** The objects of each state. */
  readonly states: readonly (readonly KubeObject[])[];
  readonly seed: number;
}

/** What a state has led to. */
export interface Played {
  readonly node: RecordingNode;
  /** Inputs of iptables-restore in this state. */
  readonly restores: readonly string[];
  readonly conntrackCommands: readonly string[];
}

/** Plays a scene, calling `after` when each state is quiet. */
export function play(scene: Scene, after: (played: Played, state: number) => void): void {
  const scheduler = new Scheduler();
  const node = new RecordingNode(scheduler, scene.seed, scene.setup);
  let proxy: KubeProxy | null = null;
  let before: readonly KubeObject[] = [];
  for (const [index, state] of scene.states.entries()) {
    const restores = node.restores.length;
    const commands = node.conntrackCommands.length;
    if (proxy === null) {
      const nodeObject = ownNode(state, scene.nodeName);
      proxy = createKubeProxy({ ...scene, node, nodeObject });
      tell(proxy, scene.nodeName, before, state);
      proxy.servicesSynced();
      proxy.slicesSynced();
    } else {
      tell(proxy, scene.nodeName, before, state);
    }
    scheduler.runUntil(scheduler.now + Math.max(QUIET_NS, 2 * scene.configuration.minSyncPeriod));
    after(
      {
        node,
        restores: node.restores.slice(restores),
        conntrackCommands: node.conntrackCommands.slice(commands),
      },
      index + 1,
    );
    before = state;
  }
  proxy?.stop();
}

/** Tells a proxy what is different between two states: what is there now, then what is gone. */
export function tell(
  proxy: KubeProxy,
  nodeName: string,
  before: readonly KubeObject[],
  now: readonly KubeObject[],
): void {
  const previous = new Map(before.map((object) => [identity(object), object]));
  for (const object of now) {
    const old = previous.get(identity(object)) ?? null;
    previous.delete(identity(object));
    if (old === null || !deepEqual(old, object)) tellOne(proxy, nodeName, old, object);
  }
  for (const old of previous.values()) tellOne(proxy, nodeName, old, null);
}

function tellOne(
  proxy: KubeProxy,
  nodeName: string,
  old: KubeObject | null,
  now: KubeObject | null,
): void {
  const either = now ?? old;
  if (either?.kind === "Service") {
    proxy.serviceChanged(ofKind(old, "Service"), ofKind(now, "Service"));
  } else if (either?.kind === "EndpointSlice") {
    proxy.sliceChanged(ofKind(old, "EndpointSlice"), ofKind(now, "EndpointSlice"));
  } else if (either?.metadata.name === nodeName) {
    proxy.nodeChanged(ofKind(now, "Node"));
  }
}

function ofKind<Kind extends KubeObject["kind"]>(
  object: KubeObject | null,
  kind: Kind,
): Extract<KubeObject, { kind: Kind }> | null {
  return object?.kind === kind ? (object as Extract<KubeObject, { kind: Kind }>) : null;
}

/** The Node object of the proxy's own node. */
export function ownNode(objects: readonly KubeObject[], name: string): Node | null {
  for (const object of objects) {
    if (object.kind === "Node" && object.metadata.name === name) return object;
  }
  return null;
}

function identity(object: KubeObject): string {
  return `${object.kind} ${objectName(object.metadata)}`;
}
