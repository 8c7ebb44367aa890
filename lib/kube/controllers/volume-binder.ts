/**
 * Binds claims: each gets a volume, a free one of its StorageClass and size if there is one, else a
 * new one, as kind's local-path provisioner makes them.
 *
 * Spec: Kubernetes, "Persistent Volumes"; kubernetes pkg/controller/volume/persistentvolume, v1.36.
 * Differs: a claim is bound at once, also when its class waits for a first consumer, and whatever
 * provisioner the class names.
 * Not modelled: reclaiming, access modes, selectors.
 */
import { NS_PER_MS } from "../../base/units.ts";
import { parseQuantity } from "../api/quantity.ts";
import type { ApiObject, JsonMap } from "../api/types.ts";
import type { Informers } from "../informer.ts";
import { keyOf } from "../store.ts";
import { ApiClient, type Sync } from "./client.ts";
import { type ControllerContext, WorkQueue } from "./controller.ts";

const START_NS = 4 * NS_PER_MS;
/** The class that kind's clusters have as their default. */
const DEFAULT_CLASS = "standard";

interface ClaimSpec {
  readonly accessModes?: readonly string[];
  readonly resources?: { readonly requests?: { readonly storage?: string } };
  readonly storageClassName?: string;
  readonly volumeName?: string;
}

/** Binds claims to volumes. */
export class VolumeBinder {
  readonly #informers: Informers;
  readonly #client: ApiClient;

  constructor({ scheduler, informers, server }: ControllerContext) {
    this.#informers = informers;
    this.#client = new ApiClient(server, scheduler, "persistent-volume-binder");
    const queue = new WorkQueue(scheduler, { startNs: START_NS }, (key) => this.#sync(key));
    informers.on("PersistentVolumeClaim", ({ object }) => queue.add(keyOf(object)));
  }

  *#sync(key: string): Sync {
    const claim = this.#informers.get("PersistentVolumeClaim", key);
    if (claim === null || phaseOf(claim) === "Bound") return;
    const spec = claim.spec as ClaimSpec;
    const volume = this.#free(spec) ?? (yield* this.#provision(claim, spec));
    const reference = {
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      name: claim.metadata.name,
      namespace: claim.metadata.namespace,
      uid: claim.metadata.uid,
    };
    const { name } = volume.metadata;
    const { capacity, accessModes } = volume.spec as JsonMap;
    const held = yield* this.#client.patch("PersistentVolume", name, (current) => ({
      ...current,
      spec: { ...(current.spec as JsonMap), claimRef: reference },
    }));
    yield* this.#client.updateStatus({ ...held, status: { phase: "Bound" } });
    const className = spec.storageClassName ?? DEFAULT_CLASS;
    const bound = yield* this.#client.patch("PersistentVolumeClaim", key, (current) => ({
      ...current,
      spec: { ...(current.spec as JsonMap), volumeName: name, storageClassName: className },
    }));
    const status = { phase: "Bound", accessModes, capacity };
    yield* this.#client.updateStatus({ ...bound, status });
  }

  /** A volume that nobody has and that is large enough. */
  #free({ storageClassName, volumeName, resources }: ClaimSpec): ApiObject | null {
    const wanted = parseQuantity(resources?.requests?.storage ?? "0");
    const fits = (volume: ApiObject): boolean => {
      const spec = volume.spec as JsonMap & ClaimSpec;
      const { storage = "0" } = (spec["capacity"] ?? {}) as { readonly storage?: string };
      if (spec["claimRef"] !== undefined || parseQuantity(storage) < wanted) return false;
      if (volumeName !== undefined) return volume.metadata.name === volumeName;
      return (spec.storageClassName ?? "") === (storageClassName ?? DEFAULT_CLASS);
    };
    return this.#informers.list("PersistentVolume").find(fits) ?? null;
  }

  *#provision({ metadata }: ApiObject, spec: ClaimSpec): Sync<ApiObject> {
    const name = `pvc-${metadata.uid}`;
    const storageClassName = spec.storageClassName ?? DEFAULT_CLASS;
    const directory = `${name}_${metadata.namespace}_${metadata.name}`;
    return yield* this.#client.create({
      apiVersion: "v1",
      kind: "PersistentVolume",
      metadata: { name },
      spec: {
        accessModes: spec.accessModes ?? [],
        hostPath: { path: `/var/local-path-provisioner/${directory}`, type: "DirectoryOrCreate" },
        capacity: { storage: spec.resources?.requests?.storage ?? "0" },
        persistentVolumeReclaimPolicy: "Delete",
        storageClassName,
        volumeMode: "Filesystem",
      },
    });
  }
}

function phaseOf({ status }: ApiObject): string {
  return ((status ?? {}) as { readonly phase?: string }).phase ?? "";
}
