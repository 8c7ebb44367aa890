/**
 * Plays the states of a cluster to a kube-proxy, one after the other, each when the one before has
 * been quiet for a while, and keeps what the proxy wrote.
 */
import { NS_PER_S, type Ns } from "../../lib/base/units.ts";
import type { KubeObject } from "../../lib/kube/objects.ts";
import type { KubeProxyConfiguration } from "../../lib/kube/proxy/config.ts";
import { createKubeProxy } from "../../lib/kube/proxy/create.ts";
import type { KubeProxy } from "../../lib/kube/proxy/kube-proxy.ts";
import type { KubeProxyRelease } from "../../lib/kube/proxy/release.ts";
import { ownNode, tell } from "../../lib/kube/proxy/tell.ts";
import { Scheduler } from "../../lib/sim/scheduler.ts";
import type { SetupCommand } from "./node-host.ts";
import { RecordingNode } from "./recording-node.ts";

/** Between two states; longer than the default minSyncPeriod, so that states do not wait. */
const QUIET_NS: Ns = 2.5 * NS_PER_S;

/** A node, a configuration, and the states of a cluster one after the other. */
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
