import { expect } from "chai";
import fc from "fast-check";
import { NS_PER_S } from "../../../../lib/base/units.ts";
import type { EndpointSlice, Node, Service } from "../../../../lib/kube/objects.ts";
import { node, proxyWorld, syncedWorld } from "../../../support/cluster.ts";
import {
  fickle,
  type ServiceChange,
  type SliceChange,
  serviceChange,
  sliceChange,
} from "../../../support/proxy-changes.ts";

type Change =
  | ServiceChange
  | SliceChange
  | { readonly kind: "zone"; readonly zone: string }
  | { readonly kind: "refuse" };

const zoneChange: fc.Arbitrary<Change> = fc
  .constantFrom("a", "b", "c")
  .map((zone) => ({ kind: "zone", zone }));
const refusal: fc.Arbitrary<Change> = fc.constant({ kind: "refuse" });

const changes = fc.array(
  fc.oneof<fc.WeightedArbitrary<Change>[]>(
    { arbitrary: serviceChange, weight: 4 },
    { arbitrary: sliceChange, weight: 5 },
    { arbitrary: zoneChange, weight: 1 },
    { arbitrary: refusal, weight: 1 },
  ),
  { minLength: 1, maxLength: 14 },
);

/** What changes lead to, once as they come and once from scratch. */
function bothWays(all: readonly Change[], version: string): { partial: string; full: string } {
  const refuses = { next: false };
  const configuration = { syncPeriod: 30 * NS_PER_S };
  const world = proxyWorld({ version, configuration, wrap: (inner) => fickle(inner, refuses) });
  const { proxy, scheduler } = world;
  const services = new Map<number, Service>();
  const slices = new Map<string, EndpointSlice>();
  let nodeObject: Node = node();
  proxy.servicesSynced();
  proxy.slicesSynced();
  for (const change of all) {
    if (change.kind === "service") {
      proxy.serviceChanged(services.get(change.index) ?? null, change.to);
      if (change.to === null) services.delete(change.index);
      else services.set(change.index, change.to);
    } else if (change.kind === "slice") {
      const before = slices.get(change.name) ?? null;
      if (before !== null || change.to !== null) proxy.sliceChanged(before, change.to);
      if (change.to === null) slices.delete(change.name);
      else slices.set(change.name, change.to);
    } else if (change.kind === "zone") {
      nodeObject = node({ "topology.kubernetes.io/zone": change.zone });
      proxy.nodeChanged(nodeObject);
    } else {
      refuses.next = true;
    }
    scheduler.runUntil(scheduler.now + NS_PER_S / 2);
  }
  refuses.next = false;
  // Long enough for a retry, too short for the hourly full sync, which would hide mistakes.
  scheduler.runUntil(scheduler.now + 60 * NS_PER_S);
  const scratch = syncedWorld([...services.values()], [...slices.values()], {
    version,
    nodeObject,
  });
  return { partial: world.node.rules.save(), full: scratch.node.rules.save() };
}

describe("kube/proxy/iptables (partial syncs)", () => {
  for (const version of ["1.20", "1.30", "1.36"]) {
    it(`lead to the same rules as one full sync, refused inputs included (${version})`, () => {
      fc.assert(
        fc.property(changes, (all) => {
          const { partial, full } = bothWays(all, version);

          expect(partial).to.equal(full);
        }),
        { numRuns: 60 },
      );
    });
  }
});
