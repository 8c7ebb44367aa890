/**
 * Which Pods of a DaemonSet come and go while its template changes: the old ones first, or with
 * maxSurge the new ones beside them.
 *
 * Spec: kubernetes pkg/controller/daemon/update.go (rollingUpdate), daemon_controller.go
 * (podsShouldBeOnNode), v1.36.
 */
import type { DaemonSet, Node, Pod } from "../api/types.ts";
import { hashOf, isGoing } from "./daemon-pods.ts";
import { isReady, resolveIntOrPercent } from "./pods.ts";

/** A set that is being rolled out. */
export interface DaemonRoll {
  readonly set: DaemonSet;
  /** The template's revision. */
  readonly hash: string;
  /** The set's Pods by node. */
  readonly pods: ReadonlyMap<string, readonly Pod[]>;
  /** Whether a Pod has been ready for minReadySeconds. */
  isAvailable(pod: Pod): boolean;
}

/** On which nodes a Pod is missing, and which Pods are too many. */
export interface DaemonChange {
  readonly missing: readonly string[];
  readonly surplus: readonly Pod[];
}

/** The Pods of one node that are too many, of those that run there, the oldest first. */
export function excessPods(
  { set, hash, isAvailable }: DaemonRoll,
  running: readonly Pod[],
): readonly Pod[] {
  if (surgeOf(set, 1) === 0 || running.length <= 1) return running.slice(1);
  const [fresh, ...moreFresh] = running.filter((pod) => hashOf(pod) === hash);
  const [old, ...moreOld] = running.filter((pod) => hashOf(pod) !== hash);
  const excess = [...moreFresh, ...moreOld];
  if (fresh === undefined || old === undefined) return excess;
  return !isReady(old) || isAvailable(fresh) ? [...excess, old] : excess;
}

/** The next step of a roll-out on `nodes`, on each of which there should be a Pod. */
export function nextOfRoll(roll: DaemonRoll, nodes: readonly Node[]): DaemonChange {
  const surge = surgeOf(roll.set, nodes.length);
  return surge > 0 ? withSurge(roll, nodes, surge) : withoutSurge(roll, nodes);
}

/** How many Pods a roll-out may add on nodes that have one. */
function surgeOf({ spec }: DaemonSet, nodes: number): number {
  return resolveIntOrPercent(spec.updateStrategy.rollingUpdate?.maxSurge, nodes, true);
}

/** Old Pods go, those that do not work first, as long as maxUnavailable lets them. */
function withoutSurge(roll: DaemonRoll, nodes: readonly Node[]): DaemonChange {
  const { set, hash, pods } = roll;
  const { rollingUpdate } = set.spec.updateStrategy;
  const most = Math.max(1, resolveIntOrPercent(rollingUpdate?.maxUnavailable, nodes.length, true));
  const broken: Pod[] = [];
  const candidates: Pod[] = [];
  let unavailable = 0;
  for (const { metadata } of nodes) {
    const present = (pods.get(metadata.name) ?? []).filter((pod) => !isGoing(pod));
    const [pod] = present;
    if (pod === undefined || present.length > 1) unavailable += 1;
    else if (hashOf(pod) === hash) unavailable += roll.isAvailable(pod) ? 0 : 1;
    else if (roll.isAvailable(pod)) candidates.push(pod);
    else broken.push(pod);
  }
  const room = Math.max(0, most - unavailable);
  return { missing: [], surplus: [...broken, ...candidates.slice(0, room)] };
}

/** New Pods beside the old ones, up to `most` at a time; an old one goes when its new one is up. */
function withSurge(roll: DaemonRoll, nodes: readonly Node[], most: number): DaemonChange {
  const { hash, pods } = roll;
  const replaced: Pod[] = [];
  const wanted: string[] = [];
  const candidates: string[] = [];
  let surged = 0;
  for (const { metadata } of nodes) {
    const present = (pods.get(metadata.name) ?? []).filter((pod) => !isGoing(pod));
    const fresh = present.filter((pod) => hashOf(pod) === hash);
    const old = present.filter((pod) => hashOf(pod) !== hash);
    const [newPod] = fresh;
    const [oldPod] = old;
    if (fresh.length > 1 || old.length > 1) surged += 1;
    else if (oldPod === undefined) continue;
    else if (newPod === undefined) {
      (roll.isAvailable(oldPod) ? candidates : wanted).push(metadata.name);
    } else if (roll.isAvailable(newPod)) replaced.push(oldPod);
    else surged += 1;
  }
  const room = Math.max(0, most - surged);
  return { missing: [...wanted, ...candidates.slice(0, room)], surplus: replaced };
}
