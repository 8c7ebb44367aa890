import { expect } from "chai";
import type { Pod } from "../../../lib/kube/api/types.ts";
import { hostPortsOf, takeSamePort } from "../../../lib/kube/scheduler/node-fit.ts";

type Port = { hostPort?: number; protocol?: string; hostIP?: string };

function pod(ports: readonly Port[], sidecarPorts: readonly Port[] = []): Pod {
  const container = (list: readonly Port[]) => ({
    name: "c",
    image: "i",
    ports: list.map((port) => ({ containerPort: 80, ...port })),
  });
  return {
    spec: {
      containers: [container(ports)],
      initContainers: [
        { ...container(sidecarPorts), restartPolicy: "Always" },
        container([{ hostPort: 1 }]),
      ],
    },
  } as unknown as Pod;
}

function clash(one: readonly Port[], other: readonly Port[]): boolean {
  return takeSamePort(hostPortsOf(pod(one)), hostPortsOf(pod([], other)));
}

describe("kube/scheduler/node-fit", () => {
  it("gives a host port to one Pod of a node, by protocol and address", () => {
    expect(clash([{ hostPort: 80 }], [{ hostPort: 80 }])).to.equal(true);
    expect(clash([{ hostPort: 80 }], [{ hostPort: 80, protocol: "UDP" }])).to.equal(false);
    expect(clash([{ hostPort: 80 }], [{ hostPort: 81 }, {}])).to.equal(false);
    const here = { hostPort: 80, hostIP: "127.0.0.1" };
    expect(clash([here], [{ hostPort: 80, hostIP: "172.18.0.2" }])).to.equal(false);
    expect(clash([here], [{ hostPort: 80, hostIP: "0.0.0.0" }])).to.equal(true);
    expect(clash([here], [here])).to.equal(true);
  });

  it("does not count the ports of init containers that end", () => {
    expect(hostPortsOf(pod([]))).to.deep.equal([]);
  });
});
