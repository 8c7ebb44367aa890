import { expect } from "chai";
import fc from "fast-check";
import type { Node, Pod } from "../../../lib/kube/api/types.ts";
import { PlacedPods } from "../../../lib/kube/scheduler/placed-pods.ts";
import { nodeInfo } from "../../../lib/kube/scheduler/resources.ts";

const NODES = ["a", "b", "c"];

const node = (name: string): Node =>
  ({ kind: "Node", metadata: { name }, spec: {}, status: {} }) as unknown as Node;

/** A Pod's next version: bound, assumed to be on a node, or on none. */
interface Version {
  readonly name: string;
  readonly node: string | null;
  readonly isBound: boolean;
  readonly isEnding: boolean;
  readonly app: string;
  readonly cpu: number;
}

function pod({ name, node: nodeName, isBound, isEnding, app, cpu }: Version): Pod {
  return {
    kind: "Pod",
    metadata: {
      name,
      namespace: "default",
      labels: { app },
      ...(isEnding && { deletionTimestamp: "2026-01-01T00:00:00Z" }),
    },
    spec: {
      containers: [{ name: "web", resources: { requests: { cpu: `${cpu}m` } } }],
      ...(isBound && nodeName !== null && { nodeName }),
    },
    status: {},
  } as unknown as Pod;
}

const version: fc.Arbitrary<Version> = fc.record({
  name: fc.constantFrom("p", "q", "r", "s", "t"),
  node: fc.constantFrom(...NODES, null),
  isBound: fc.boolean(),
  isEnding: fc.boolean(),
  app: fc.constantFrom("web", "db"),
  cpu: fc.integer({ min: 1, max: 1000 }),
});

const byName = (one: Pod, other: Pod): number => (one.metadata.name < other.metadata.name ? -1 : 1);

describe("kube/scheduler/placed-pods", () => {
  it("knows the nodes and counts Pods as if it had just been told of all", () => {
    const steps = fc.array(fc.tuple(version, fc.boolean(), fc.boolean()), { maxLength: 30 });
    fc.assert(
      fc.property(steps, (all) => {
        const placed = new PlacedPods();
        const now = new Map<string, { readonly pod: Pod; readonly node: string }>();
        let nodes = NODES.map(node);
        for (const [next, isAsked, isNodeNew] of all) {
          const made = pod(next);
          placed.put(made, next.node);
          if (next.node === null) now.delete(next.name);
          else now.set(next.name, { pod: made, node: next.node });
          if (isNodeNew) nodes = nodes.map((each) => ({ ...each }));
          if (!isAsked) continue;

          const infos = placed.infos(nodes);
          const counts = placed.countByNode(
            "default",
            { matchLabels: { app: "web" } },
            ({ metadata }) => metadata.labels?.["app"] === "web",
          );

          const on = (name: string) => [...now.values()].filter((each) => each.node === name);
          const fresh = nodes.map((each) => {
            const here = on(each.metadata.name).map((one) => one.pod);
            return nodeInfo(each, here.sort(byName));
          });
          expect(infos).to.deep.equal(fresh);
          const isCounted = ({ metadata }: Pod): boolean =>
            metadata.labels?.["app"] === "web" && metadata.deletionTimestamp === undefined;
          for (const name of NODES) {
            const count = on(name).filter((each) => isCounted(each.pod)).length;
            expect(counts.get(name) ?? 0).to.equal(count);
          }
        }
      }),
    );
  });
});
