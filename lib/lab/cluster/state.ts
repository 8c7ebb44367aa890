/**
 * The objects of a cluster that has no API server: what its files say, and what steps make of it.
 * Nodes that no file speaks of have the record that their kubelets would have made.
 */
import { fromUtf8 } from "../../base/bytes.ts";
import { VethworkError } from "../../base/errors.ts";
import { formatCidr, formatIpv4 } from "../../base/inet.ts";
import type { KubeObject, Node } from "../../kube/objects.ts";
import { identity } from "../../kube/proxy/tell.ts";
import { readManifests } from "../manifests.ts";
import type { Cluster } from "../schema/cluster.ts";
import type { Located } from "../schema/kind.ts";
import type { ReadFile } from "../setup.ts";
import type { ClusterPlan } from "./plan.ts";

/** The files of objects that a lab names, read and checked. */
export class ObjectFiles {
  readonly #lab: string;
  readonly #readFile: ReadFile;
  readonly #read = new Map<string, readonly KubeObject[]>();

  /** `lab` is the lab's own path. */
  constructor(lab: string, readFile: ReadFile) {
    this.#lab = lab;
    this.#readFile = readFile;
  }

  /** The objects in a file. Throws `VW_LAB`, `VW_YAML` or `VW_OBJECT`. */
  read({ value, place }: Located<string>): readonly KubeObject[] {
    const known = this.#read.get(value);
    if (known !== undefined) return known;
    const bytes = this.#readFile(value);
    if (bytes === null) {
      throw new VethworkError(
        "VW_LAB",
        `there is no file "${value}"`,
        "a path from the lab's folder",
        place,
      );
    }
    const name = `${this.#lab.slice(0, this.#lab.lastIndexOf("/") + 1)}${value}`;
    const { objects, skipped } = readManifests(fromUtf8(bytes), name);
    const [first] = skipped;
    if (first !== undefined) {
      throw new VethworkError(
        "VW_OBJECT",
        `${first.kind} ${first.name} is not an object that kube-proxy watches`,
        "Service, EndpointSlice, Node",
        first.place,
      );
    }
    this.#read.set(value, objects);
    return objects;
  }
}

/** The state at the start: Nodes of the cluster, then what the files say, which may replace them. */
export function initialObjects(
  cluster: Cluster,
  plan: ClusterPlan,
  files: ObjectFiles,
): readonly KubeObject[] {
  return cluster.objects.reduce<readonly KubeObject[]>(
    (state, file) => applied(state, files.read(file)),
    nodeObjects(cluster, plan),
  );
}

/** A state after `kubectl apply`: objects of the same kind and name are replaced, others added. */
export function applied(
  state: readonly KubeObject[],
  objects: readonly KubeObject[],
): readonly KubeObject[] {
  const all = new Map(state.map((object) => [identity(object), object]));
  for (const object of objects) all.set(identity(object), object);
  return [...all.values()];
}

/** A state after `kubectl delete` of the named objects. */
export function deleted(
  state: readonly KubeObject[],
  objects: readonly KubeObject[],
): readonly KubeObject[] {
  const gone = new Set(objects.map(identity));
  return state.filter((object) => !gone.has(identity(object)));
}

function nodeObjects(cluster: Cluster, plan: ClusterPlan): Node[] {
  return plan.nodes.map(({ name, address, podCidr }, index) => {
    const labels = cluster.nodes[index]?.labels ?? [];
    return {
      kind: "Node",
      metadata: {
        name,
        labels: {
          "kubernetes.io/hostname": name,
          ...Object.fromEntries(labels.map(({ name: label, value }) => [label, value])),
        },
      },
      spec: { podCIDR: formatCidr(podCidr), podCIDRs: [formatCidr(podCidr)] },
      status: {
        addresses: [
          { type: "InternalIP", address: formatIpv4(address) },
          { type: "Hostname", address: name },
        ],
      },
    };
  });
}
