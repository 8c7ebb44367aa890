/**
 * A Pod's volumes as directories of files.
 *
 * Spec: Kubernetes "Volumes"; kubernetes pkg/volume (configmap, secret, projected, downwardapi,
 * emptydir, hostpath, local, persistentvolumeclaim), v1.36.
 * Differs: what a provisioner has made, and what only a cloud or a storage system has, is seen from
 * every node; nobody looks at access modes.
 * Not modelled: changes of ConfigMaps and Secrets after the Pod's start;
 * service account tokens, whose file is empty.
 */
import { EMPTY_VOLUME, FileSystem } from "../../shell/files.ts";
import type { ShellHost } from "../../shell/host.ts";
import { asFields, type Fields, mapIn, mapsIn, textIn } from "../api/fields.ts";
import type { Container, JsonMap, Pod } from "../api/types.ts";
import type { Informers } from "../informer.ts";
import { configData } from "./config-data.ts";
import { fieldText, type PodFacts, resourceText } from "./downward.ts";
import type { MountedFiles } from "./mounted-files.ts";

/** What kubelets publish to all namespaces; it is not in the API here. */
const ROOT_CA = "kube-root-ca.crt";

/** How the names of volumes begin that a provisioner has made for a claim. */
const PROVISIONED = "pvc-";

/** A volume's files, and where in them it begins. */
interface Volume {
  readonly files: FileSystem;
  readonly root: string;
}

/** Where a Pod's volumes come from. */
export interface VolumeSources {
  readonly informers: Informers;
  /** What is on persistent volumes, by the volume's name. */
  readonly storage: Map<string, FileSystem>;
  /** The Pod's node, whose files may be mounted. */
  readonly node: ShellHost;
}

/** The volumes of one Pod. */
export class PodVolumes {
  readonly #volumes = new Map<string, Volume>();

  /** Sets up all volumes of a Pod. Throws `ConfigError`, whose text names the volume's object. */
  constructor(pod: Pod, sources: VolumeSources, facts: PodFacts) {
    const { informers } = sources;
    for (const volume of (pod.spec.volumes ?? []).map(asFields)) {
      const name = textIn(volume, "name");
      const kept = keptVolume(pod, volume, sources);
      if (kept !== null) {
        this.#volumes.set(name, kept);
        continue;
      }
      const files = new FileSystem("/", EMPTY_VOLUME);
      for (const [path, text] of contentOf(pod, volume, informers, facts)) {
        files.write(`/${path}`, text);
      }
      this.#volumes.set(name, { files, root: "/" });
    }
  }

  /** Shows a container's mounts in its files. */
  mount(container: Container, files: MountedFiles): void {
    for (const { name, mountPath, subPath = "" } of container.volumeMounts ?? []) {
      const volume = this.#volumes.get(String(name));
      if (volume !== undefined) {
        files.mount(String(mountPath), volume.files, `${volume.root}/${subPath}`);
      }
    }
  }
}

/** A volume that is there before its Pod, and after it; null for one of the Pod's own. */
function keptVolume(
  pod: Pod,
  volume: Fields,
  { informers, node, storage }: VolumeSources,
): Volume | null {
  const hostPath = mapIn(volume, "hostPath");
  if (hostPath !== null) return { files: node.files, root: textIn(hostPath, "path") };
  const source = mapIn(volume, "persistentVolumeClaim");
  if (source === null) return null;
  const { namespace = "default" } = pod.metadata;
  const claim = informers.get(
    "PersistentVolumeClaim",
    `${namespace}/${textIn(source, "claimName")}`,
  );
  const name = textIn(asFields(claim?.spec ?? {}), "volumeName");
  const spec = asFields(informers.get("PersistentVolume", name)?.spec ?? {});
  const own = name.startsWith(PROVISIONED)
    ? null
    : (mapIn(spec, "hostPath") ?? mapIn(spec, "local"));
  if (own !== null) return { files: node.files, root: textIn(own, "path") };
  const files = storage.get(name) ?? new FileSystem("/", EMPTY_VOLUME);
  if (name !== "") storage.set(name, files);
  return { files, root: "/" };
}

function contentOf(
  pod: Pod,
  source: Fields,
  informers: Informers,
  facts: PodFacts,
): Map<string, string> {
  const projected = mapIn(source, "projected");
  if (projected !== null) {
    const content = new Map<string, string>();
    for (const part of mapsIn(projected, "sources")) {
      for (const [path, text] of contentOf(pod, part, informers, facts)) content.set(path, text);
    }
    return content;
  }
  const token = mapIn(source, "serviceAccountToken");
  if (token !== null) return new Map([[textIn(token, "path"), ""]]);
  const downward = mapIn(source, "downwardAPI");
  if (downward !== null) return downwardContent(pod, downward, facts);
  const { namespace = "default" } = pod.metadata;
  const configMap = mapIn(source, "configMap");
  const secret = mapIn(source, "secret");
  const ref = configMap ?? secret;
  if (ref === null) return new Map();
  const name = textIn(
    ref,
    configMap === null && ref["secretName"] !== undefined ? "secretName" : "name",
  );
  const optional = ref["optional"] === true || name === ROOT_CA;
  const kind = configMap === null ? "Secret" : "ConfigMap";
  return chosen(configData(informers, kind, namespace, name, optional) ?? new Map(), ref);
}

/** The keys that `items` name, under their paths; all keys if there are no items. */
function chosen(data: Map<string, string>, ref: Fields): Map<string, string> {
  const items = mapsIn(ref, "items");
  if (items.length === 0) return data;
  const content = new Map<string, string>();
  for (const item of items) {
    const text = data.get(textIn(item, "key"));
    if (text !== undefined) content.set(textIn(item, "path"), text);
  }
  return content;
}

function downwardContent(pod: Pod, source: Fields, facts: PodFacts): Map<string, string> {
  const [container] = pod.spec.containers;
  return new Map(
    mapsIn(source, "items").map((item) => {
      const field = mapIn(item, "fieldRef");
      const resource = mapIn(item, "resourceFieldRef");
      const text =
        field !== null
          ? fieldText(pod, textIn(field, "fieldPath"), facts)
          : container === undefined
            ? ""
            : resourceText(pod, container, (resource ?? {}) as JsonMap, facts);
      return [textIn(item, "path"), text];
    }),
  );
}
