/**
 * What every namespace has, and its end: the default ServiceAccount and the ConfigMap with the
 * cluster's root certificate; when it is deleted, all that is in it.
 *
 * Spec: kubernetes pkg/controller/serviceaccount, certificates/rootcacertpublisher, namespace
 * (NamespacedResourcesDeleter), v1.36.
 * Not modelled: what the certificate says; the conditions of a namespace that does not get empty.
 */
import { NS_PER_MS, NS_PER_S } from "../../base/units.ts";
import { RESOURCES } from "../api/resources.ts";
import type { ApiObject, NewObject } from "../api/types.ts";
import type { Informers } from "../informer.ts";
import { keyOf } from "../store.ts";
import { ApiClient, type Sync } from "./client.ts";
import { type ControllerContext, WorkQueue } from "./controller.ts";

const START_NS = 5 * NS_PER_MS;
/** Before it is looked again whether a namespace is empty. */
const RETRY_NS = NS_PER_S;

/** The controllers of namespaces. */
export class NamespaceControllers {
  readonly #informers: Informers;
  readonly #accounts: ApiClient;
  readonly #certificates: ApiClient;
  readonly #namespaces: ApiClient;
  readonly #queue: WorkQueue;

  constructor({ scheduler, informers, server }: ControllerContext) {
    this.#informers = informers;
    this.#accounts = new ApiClient(server, scheduler, "service-account-controller");
    this.#certificates = new ApiClient(server, scheduler, "root-ca-cert-publisher");
    this.#namespaces = new ApiClient(server, scheduler, "namespace-controller");
    this.#queue = new WorkQueue(scheduler, { startNs: START_NS }, (key) => this.#sync(key));
    informers.on("Namespace", ({ object }) => this.#queue.add(object.metadata.name));
    for (const kind of ["ServiceAccount", "ConfigMap"]) {
      informers.on(kind, ({ type, object }: { type: string; object: ApiObject }) => {
        if (type === "DELETED") this.#queue.add(object.metadata.namespace ?? "");
      });
    }
  }

  *#sync(name: string): Sync {
    const namespace = this.#informers.get("Namespace", name);
    if (namespace === null) return;
    if (namespace.metadata.deletionTimestamp !== undefined) {
      yield* this.#empty(namespace);
      return;
    }
    yield* this.#ensure(this.#accounts, {
      apiVersion: "v1",
      kind: "ServiceAccount",
      metadata: { name: "default", namespace: name },
    });
    yield* this.#ensure(this.#certificates, {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: {
        name: "kube-root-ca.crt",
        namespace: name,
        annotations: { "kubernetes.io/description": DESCRIPTION },
      },
      data: { "ca.crt": "" },
    });
  }

  *#ensure(client: ApiClient, object: NewObject): Sync {
    const { namespace, name } = object.metadata;
    if (client.server.store.get(object.kind, `${namespace}/${name}`) !== null) return;
    yield* client.create(object);
  }

  /** Deletes what is in a namespace, and the namespace once it is empty. */
  *#empty({ metadata }: ApiObject): Sync {
    const { name } = metadata;
    let isEmpty = true;
    for (const { kind } of RESOURCES.filter(({ namespaced }) => namespaced)) {
      for (const object of this.#informers.list(kind)) {
        if (object.metadata.namespace !== name) continue;
        isEmpty = false;
        if (object.metadata.deletionTimestamp !== undefined) continue;
        yield* this.#namespaces.delete(kind, keyOf(object), { propagation: "Background" });
      }
    }
    if (!isEmpty) {
      this.#queue.addAfter(name, RETRY_NS);
      return;
    }
    yield* this.#namespaces.finalizeNamespace(name);
  }
}

const DESCRIPTION =
  "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.";
