/**
 * The cluster of a run that has no control plane: a kube-proxy on every node, fed with the lab's
 * objects. A change of them reaches every kube-proxy at once.
 */
import { assert } from "../../base/assert.ts";
import type { Ns } from "../../base/units.ts";
import type { Invocation } from "../../kube/node/invocation.ts";
import { NodeProxy } from "../../kube/node/node-proxy.ts";
import type { KubeObject } from "../../kube/objects.ts";
import type { KubeProxyConfiguration } from "../../kube/proxy/config.ts";
import { releaseOf } from "../../kube/proxy/release.ts";
import type { Machine } from "../build.ts";
import type { Lab } from "../lab.ts";
import { type RelayReport, relayLine, seconds } from "../report.ts";
import type { Cluster } from "../schema/cluster.ts";
import type { ObjectsStep } from "../schema/step.ts";
import type { ReadFile } from "../setup.ts";
import { planCluster } from "./plan.ts";
import { proxyConfiguration } from "./proxy-configuration.ts";
import { applied, deleted, initialObjects, ObjectFiles } from "./state.ts";

/** Something that kube-proxy has done on a node. */
export interface NodeInvocation extends Invocation {
  readonly node: string;
  readonly at: Ns;
  /** How many times the lab had changed the objects before. */
  readonly change: number;
}

/** A cluster without a control plane, from its start to the end of the lab. */
export class ClusterRun {
  /** What the kube-proxies have done, in order. */
  readonly invocations: NodeInvocation[] = [];
  readonly #cluster: Cluster;
  readonly #configuration: KubeProxyConfiguration;
  readonly #files: ObjectFiles;
  readonly #proxies = new Map<string, NodeProxy>();
  #objects: readonly KubeObject[];
  #changes = 0;

  /** Reads and checks everything that the lab names; nothing happens yet. Throws `VethworkError`. */
  constructor(lab: Lab, cluster: Cluster, readFile: ReadFile) {
    this.#cluster = cluster;
    this.#configuration = proxyConfiguration(cluster);
    this.#files = new ObjectFiles(lab.file, readFile);
    this.#objects = initialObjects(cluster, planCluster(cluster), this.#files);
    for (const step of lab.steps) {
      if (step.kind === "apply" || step.kind === "delete") this.#files.read(step.file);
    }
  }

  /** Starts kube-proxy on each node; its rules are there when this returns. */
  start(machine: Machine): void {
    const release = releaseOf(this.#cluster.networking.kubeProxyVersion);
    for (const { name } of this.#cluster.nodes) {
      const host = machine.find(name.value);
      assert(host !== null, `no host ${name.value}`);
      const node = name.value;
      const proxy = new NodeProxy({
        host,
        nodeName: node,
        configuration: this.#configuration,
        release,
        objects: this.#objects,
        onInvocation: (invocation) =>
          this.invocations.push({
            ...invocation,
            node,
            at: machine.cpu.now,
            change: this.#changes,
          }),
      });
      this.#proxies.set(node, proxy);
    }
  }

  /** Changes the objects; kube-proxies follow at their own pace. */
  carryOut({ kind, file }: ObjectsStep): void {
    this.#changes += 1;
    const change = kind === "apply" ? applied : deleted;
    this.#objects = change(this.#objects, this.#files.read(file));
    for (const proxy of this.#proxies.values()) proxy.setObjects(this.#objects);
  }

  /** What userspace mode has cost, by nodes; nothing in other modes. */
  relays(): RelayReport[] {
    if (this.#configuration.mode !== "userspace") return [];
    return [...this.#proxies].map(([node, proxy]) => ({ node, ...proxy.node.counters }));
  }

  /** A text for each node, by file name: what its kube-proxy did, and what that cost. */
  texts(): Map<string, string> {
    const texts = new Map<string, string>();
    for (const node of this.#proxies.keys()) {
      const done = this.invocations.filter((one) => one.node === node).map(invocationText);
      const relays = this.relays().filter((one) => one.node === node);
      const costs = relays.map((relay) => `${relayLine(relay)}\n`);
      texts.set(`${node}-kube-proxy.txt`, [...done, ...costs].join(""));
    }
    return texts;
  }
}

function invocationText({ at, run, stdin }: NodeInvocation): string {
  const input = stdin === null ? "" : stdin.text.replace(/^(?=.)/gm, "    ");
  return `${seconds(at)}  ${run}\n${input}`;
}
