import { expect } from "chai";
import type { Container, Node, Pod, PodSpec } from "../../../lib/kube/api/types.ts";
import { lacksOf, nodeInfo, requestsOf } from "../../../lib/kube/scheduler/resources.ts";

const METADATA = { name: "a", uid: "u", resourceVersion: "1", creationTimestamp: "" };

function container(requests: Record<string, string>, restartPolicy?: string): Container {
  return { name: "a", image: "a", resources: { requests }, restartPolicy };
}

function pod(spec: PodSpec): Pod {
  return { apiVersion: "v1", kind: "Pod", metadata: METADATA, spec, status: {} };
}

function node(allocatable: Record<string, string>): Node {
  return { apiVersion: "v1", kind: "Node", metadata: METADATA, spec: {}, status: { allocatable } };
}

const SMALL = node({ cpu: "2", memory: "1Gi", pods: "3", "example.com/dongle": "2" });

describe("kube/scheduler/resources", () => {
  it("adds sidecars to the containers, and takes the most that a first container needs", () => {
    const containers = [container({ cpu: "1" }), container({ cpu: "500m" })];
    const sidecar = container({ cpu: "250m" }, "Always");

    const cores = (initContainers: Container[]) =>
      requestsOf(pod({ containers, initContainers })).cpu;

    expect(cores([])).to.equal(1.5);
    expect(cores([container({ cpu: "1" })])).to.equal(1.5);
    expect(cores([container({ cpu: "2" })])).to.equal(2);
    expect(cores([sidecar])).to.equal(1.75);
    expect(cores([sidecar, container({ cpu: "2" })])).to.equal(2.25);
    expect(cores([container({ cpu: "2" }), sidecar])).to.equal(2);
  });

  it("takes a Pod's own request before those of its containers, and adds its overhead", () => {
    const containers = [container({ cpu: "1", memory: "10Mi" })];
    const resources = { requests: { cpu: "3" } };
    const overhead = { cpu: "250m" };

    expect(requestsOf(pod({ containers, resources, overhead }))).to.include({
      cpu: 3.25,
      memory: 10 * 1024 * 1024,
    });
  });

  it("says all that a node lacks, and whether it would lack it if it were empty", () => {
    const podThatAsks = (requests: Record<string, string>) =>
      pod({ containers: [container(requests)] });
    const asks = (requests: Record<string, string>) => requestsOf(podThatAsks(requests));
    const placed = [podThatAsks({ cpu: "1", "example.com/dongle": "1" })];

    expect(lacksOf(asks({ cpu: "1" }), nodeInfo(SMALL, placed))).to.deep.equal([]);
    expect(lacksOf(asks({ cpu: "1500m", memory: "2Gi" }), nodeInfo(SMALL, placed))).to.deep.equal([
      { reason: "Insufficient cpu", isForGood: false },
      { reason: "Insufficient memory", isForGood: true },
    ]);
    expect(lacksOf(asks({ "example.com/dongle": "2" }), nodeInfo(SMALL, placed))).to.deep.equal([
      { reason: "Insufficient example.com/dongle", isForGood: false },
    ]);
    expect(lacksOf(asks({ "nvidia.com/gpu": "1" }), nodeInfo(SMALL, placed))).to.deep.equal([
      { reason: "Insufficient nvidia.com/gpu", isForGood: true },
    ]);
    expect(lacksOf(asks({}), nodeInfo(SMALL, [...placed, ...placed, ...placed]))).to.deep.equal([
      { reason: "Too many pods", isForGood: false },
    ]);
  });
});
