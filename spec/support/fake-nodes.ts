/** Nodes for a control plane without machines: kubelets that say of each Pod that it runs. */
import type { NewObject } from "../../lib/kube/api/types.ts";
import { WATCH_NS } from "../../lib/kube/control-plane.ts";
import { Informers } from "../../lib/kube/informer.ts";
import { FakeKubelets } from "../../tools/control-plane/fake-kubelet.ts";
import type { SpecCluster } from "./control-plane.ts";

/** Registers node1, node2 … and starts their kubelets. */
export function registerNodes({ scheduler, server }: SpecCluster, count: number): FakeKubelets {
  const informers = new Informers(scheduler, server.store, WATCH_NS);
  const kubelets = new FakeKubelets(scheduler, server, informers);
  for (let index = 1; index <= count; index += 1) server.create(node(index), "kubelet");
  return kubelets;
}

function node(index: number): NewObject {
  const name = `node${index}`;
  const capacity = { cpu: "16", memory: "64Gi", pods: "110" };
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name, labels: { "kubernetes.io/hostname": name } },
    spec: {},
    status: {
      addresses: [{ type: "InternalIP", address: `172.18.0.${index + 1}` }],
      allocatable: capacity,
      capacity,
      conditions: [{ type: "Ready", status: "True", reason: "KubeletReady" }],
    },
  } as unknown as NewObject;
}
