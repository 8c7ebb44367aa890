import { expect } from "chai";
import fc from "fast-check";
import { NS_PER_MS, NS_PER_S } from "../../../lib/base/units.ts";
import type { EndpointSlice, Node, Service } from "../../../lib/kube/objects.ts";
import { compareNames } from "../../../lib/kube/objects.ts";
import { createKubeProxy } from "../../../lib/kube/proxy/create.ts";
import type { KubeProxy } from "../../../lib/kube/proxy/kube-proxy.ts";
import { ObjectTracker } from "../../../lib/kube/proxy/object-tracker.ts";
import { releaseOf } from "../../../lib/kube/proxy/release.ts";
import { Scheduler } from "../../../lib/sim/scheduler.ts";
import { RULES_CONFIGURATION } from "../../../tools/rules/defaults.ts";
import { RecordingNode } from "../../../tools/rules/recording-node.ts";
import { node } from "../../support/cluster.ts";
import {
  fickle,
  type ServiceChange,
  type SliceChange,
  serviceChange,
  sliceChange,
} from "../../support/proxy-changes.ts";

/** Nodes, with their own pace and after how many changes they join. */
const NODES = [
  { name: "node1", minSyncMs: 1000, joins: 0 },
  { name: "node2", minSyncMs: 1000, joins: 0 },
  { name: "node3", minSyncMs: 1000, joins: 0 },
  { name: "node4", minSyncMs: 1000, joins: 0 },
  { name: "node5", minSyncMs: 300, joins: 0 },
  { name: "node6", minSyncMs: 2500, joins: 3 },
  { name: "node7", minSyncMs: 1000, joins: 3 },
] as const;

/** Something that happens on one node only. */
interface NodeChange {
  readonly kind: "zone" | "refuse" | "chain";
  readonly on: number;
  readonly zone: string;
}

interface Step {
  readonly change: ServiceChange | SliceChange | NodeChange;
  /** How long it is until the next. */
  readonly waitMs: number;
}

const nodeChange: fc.Arbitrary<NodeChange> = fc.record({
  kind: fc.constantFrom("zone", "refuse", "chain"),
  on: fc.nat({ max: NODES.length - 1 }),
  zone: fc.constantFrom("a", "b"),
});
const steps = fc.array(
  fc.record<Step>({
    change: fc.oneof<fc.WeightedArbitrary<Step["change"]>[]>(
      { arbitrary: serviceChange, weight: 4 },
      { arbitrary: sliceChange, weight: 6 },
      { arbitrary: nodeChange, weight: 1 },
    ),
    waitMs: fc.constantFrom(0, 0, 100, 400, 1500),
  }),
  { minLength: 4, maxLength: 20 },
);

/** One node, what it was given and when. */
class SceneNode {
  readonly recording: RecordingNode;
  readonly refuses = { next: false };
  readonly proxy: KubeProxy;
  readonly syncs: number[] = [];

  constructor(scheduler: Scheduler, index: number, version: string, tracker: ObjectTracker | null) {
    const { name, minSyncMs } = NODES[index] ?? NODES[0];
    this.recording = new RecordingNode(scheduler, 1);
    const inner = fickle(this.recording, this.refuses);
    const iptables: typeof inner.iptables = {
      ...inner.iptables,
      restore: (text) => {
        this.syncs.push(scheduler.now);
        return inner.iptables.restore(text);
      },
    };
    this.proxy = createKubeProxy({
      configuration: {
        ...RULES_CONFIGURATION,
        syncPeriod: 30 * NS_PER_S,
        minSyncPeriod: minSyncMs * NS_PER_MS,
      },
      release: releaseOf(version),
      node: { ...inner, iptables },
      nodeName: name,
      nodeObject: this.object("c"),
      ...(tracker !== null && { tracker }),
    });
  }

  object(zone: string): Node {
    return node({ "topology.kubernetes.io/zone": zone });
  }

  get outcome(): unknown {
    const { restores, conntrackCommands, rules } = this.recording;
    return { restores, conntrackCommands, syncs: this.syncs, rules: rules.save() };
  }
}

/** A cluster whose kube-proxies are told together, or each by itself. */
class Scene {
  readonly #scheduler = new Scheduler();
  readonly #version: string;
  readonly #tracker: ObjectTracker | null;
  readonly #nodes = new Map<number, SceneNode>();
  readonly #services = new Map<number, Service>();
  readonly #slices = new Map<string, EndpointSlice>();

  constructor(version: string, isShared: boolean) {
    this.#version = version;
    this.#tracker = isShared ? new ObjectTracker(releaseOf(version)) : null;
  }

  /** What each node was given in the end. */
  play(all: readonly Step[]): unknown[] {
    for (const [count, { change, waitMs }] of all.entries()) {
      for (const [index, { joins }] of NODES.entries()) if (joins === count) this.#join(index);
      if (change.kind === "service") this.#service(change);
      else if (change.kind === "slice") this.#slice(change);
      else this.#onNode(change);
      this.#scheduler.runUntil(this.#scheduler.now + waitMs * NS_PER_MS);
    }
    this.#scheduler.runUntil(this.#scheduler.now + 60 * NS_PER_S);
    return [...this.#nodes.values()].map(({ outcome }) => outcome);
  }

  /** Those that are told by themselves list what there is, by name. */
  #join(index: number): void {
    const joining = new SceneNode(this.#scheduler, index, this.#version, this.#tracker);
    this.#nodes.set(index, joining);
    const { proxy } = joining;
    if (this.#tracker === null) {
      const name = ({ metadata }: Service | EndpointSlice): string => metadata.name;
      const byName = (a: Service | EndpointSlice, b: Service | EndpointSlice): number =>
        compareNames(name(a), name(b));
      for (const one of [...this.#services.values()].sort(byName)) proxy.serviceChanged(null, one);
      for (const one of [...this.#slices.values()].sort(byName)) proxy.sliceChanged(null, one);
    }
    proxy.servicesSynced();
    proxy.slicesSynced();
  }

  #service({ index, to }: ServiceChange): void {
    const before = this.#services.get(index) ?? null;
    if (before === null && to === null) return;
    for (const one of this.#told()) one.serviceChanged(before, to);
    if (to === null) this.#services.delete(index);
    else this.#services.set(index, to);
  }

  #slice({ name, to }: SliceChange): void {
    const before = this.#slices.get(name) ?? null;
    if (before === null && to === null) return;
    for (const one of this.#told()) one.sliceChanged(before, to);
    if (to === null) this.#slices.delete(name);
    else this.#slices.set(name, to);
  }

  #told(): readonly Pick<KubeProxy, "serviceChanged" | "sliceChanged">[] {
    return this.#tracker === null
      ? [...this.#nodes.values()].map(({ proxy }) => proxy)
      : [this.#tracker];
  }

  #onNode({ kind, on, zone }: NodeChange): void {
    const target = this.#nodes.get(on);
    if (target === undefined) return;
    if (kind === "zone") target.proxy.nodeChanged(target.object(zone));
    else if (kind === "refuse") target.refuses.next = true;
    else target.recording.rules.ensureChain("nat", `KUBE-SVC-${zone}`);
  }
}

describe("kube/proxy (told together)", () => {
  for (const version of ["1.20", "1.30", "1.36"]) {
    it(`gives each node, at the same time, what it gets if told by itself (${version})`, () => {
      fc.assert(
        fc.property(steps, (all) => {
          const together = new Scene(version, true).play(all);
          const apart = new Scene(version, false).play(all);

          expect(together).to.deep.equal(apart);
        }),
        { numRuns: 8 },
      );
    });
  }
});
