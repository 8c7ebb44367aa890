/**
 * What the controller manager adds to every Node: how long its kubelet may keep Secrets and
 * ConfigMaps in its cache, and the beta forms of the labels for its system.
 *
 * Spec: kubernetes pkg/controller/ttl (ttl_controller.go: the first step of its table), and
 * pkg/controller/nodelifecycle (reconcileNodeLabels), v1.36.
 */
import { NS_PER_MS } from "../../base/units.ts";
import type { Node, StringMap } from "../api/types.ts";
import type { Informers } from "../informer.ts";
import { ApiClient, type Sync } from "./client.ts";
import { type ControllerContext, WorkQueue } from "./controller.ts";

const START_NS = 5 * NS_PER_MS;
const TTL = "node.alpha.kubernetes.io/ttl";
/** So many seconds of caching are right for clusters of up to so many nodes. */
const TTL_STEPS = [
  { nodes: 100, seconds: 0 },
  { nodes: 500, seconds: 15 },
  { nodes: 1000, seconds: 30 },
  { nodes: 2000, seconds: 60 },
  { nodes: Number.POSITIVE_INFINITY, seconds: 300 },
];
const BETA_LABELS: readonly (readonly [string, string])[] = [
  ["kubernetes.io/os", "beta.kubernetes.io/os"],
  ["kubernetes.io/arch", "beta.kubernetes.io/arch"],
];

/** Completes the metadata of Nodes. */
export class NodeMetadataController {
  readonly #informers: Informers;
  readonly #ttl: ApiClient;
  readonly #labels: ApiClient;

  constructor({ scheduler, informers, server }: ControllerContext) {
    this.#informers = informers;
    this.#ttl = new ApiClient(server, scheduler, "ttl-controller");
    this.#labels = new ApiClient(server, scheduler, "node-controller");
    const ttl = new WorkQueue(scheduler, { startNs: START_NS }, (name) => this.#setTtl(name));
    const labels = new WorkQueue(scheduler, { startNs: START_NS }, (name) => this.#setLabels(name));
    informers.on("Node", ({ type, object }) => {
      if (type === "DELETED") return;
      const { name, annotations } = object.metadata;
      if (annotations?.[TTL] === undefined) ttl.add(name);
      if (Object.keys(missingLabels(object)).length > 0) labels.add(name);
    });
  }

  *#setTtl(name: string): Sync {
    const node = this.#informers.get("Node", name);
    if (node === null || node.metadata.annotations?.[TTL] !== undefined) return;
    const count = this.#informers.list("Node").length;
    const seconds = TTL_STEPS.find(({ nodes }) => count <= nodes)?.seconds ?? 0;
    yield* this.#ttl.patch("Node", name, ({ metadata, ...rest }) => ({
      ...rest,
      metadata: {
        ...metadata,
        annotations: { ...metadata.annotations, [TTL]: String(seconds) },
      },
    }));
  }

  *#setLabels(name: string): Sync {
    const node = this.#informers.get("Node", name);
    if (node === null) return;
    const missing = missingLabels(node);
    if (Object.keys(missing).length === 0) return;
    yield* this.#labels.patch("Node", name, ({ metadata, ...rest }) => ({
      ...rest,
      metadata: { ...metadata, labels: { ...metadata.labels, ...missing } },
    }));
  }
}

/** The beta labels that do not say what the others do. */
function missingLabels({ metadata }: Node): StringMap {
  const labels = metadata.labels ?? {};
  const missing = BETA_LABELS.map(([label, beta]) => [beta, labels[label]] as const).filter(
    ([beta, value]) => value !== undefined && labels[beta] !== value,
  );
  return Object.fromEntries(missing) as StringMap;
}
