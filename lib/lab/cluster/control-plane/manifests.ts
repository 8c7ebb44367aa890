/**
 * The manifests of a lab: read before the run, and tried on an API server of their own, so that
 * what is wrong in them is said with its place before anything happens.
 */
import { fromUtf8 } from "../../../base/bytes.ts";
import { type Place, VethworkError } from "../../../base/errors.ts";
import { resourceOf, storedKind } from "../../../kube/api/resources.ts";
import { ApiServer } from "../../../kube/api/server.ts";
import type { ApiObject, NewObject } from "../../../kube/api/types.ts";
import { kubectl } from "../../../kube/kubectl/kubectl.ts";
import type { KubectlFile, Manifest } from "../../../kube/kubectl/manifest.ts";
import type { FieldPath } from "../../../kube/schema.ts";
import { Store } from "../../../kube/store.ts";
import { Random } from "../../../sim/random.ts";
import { Scheduler } from "../../../sim/scheduler.ts";
import { readKubectlFile, readManifestsOf } from "../../kubectl-files.ts";
import type { Cluster } from "../../schema/cluster.ts";
import type { Located } from "../../schema/kind.ts";
import type { Step } from "../../schema/step.ts";
import { besideLab, type ReadFile } from "../../setup.ts";

const KUBECTL_FILE = /\bkubectl\b[^|;&]*? -(?:f|-filename)[ =]?(\S+)/g;

/** A file of manifests beside the lab. */
export interface ManifestFile {
  /** As the lab names it. */
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly text: string;
  readonly manifests: readonly Manifest[];
}

/** The files that a lab names, each read once. */
export class ManifestFiles {
  readonly #lab: string;
  readonly #readFile: ReadFile;
  readonly #files = new Map<string, ManifestFile>();

  /** `lab` is the lab's own path. */
  constructor(lab: string, readFile: ReadFile) {
    this.#lab = lab;
    this.#readFile = readFile;
  }

  /** All that have been read. */
  get all(): readonly ManifestFile[] {
    return [...this.#files.values()];
  }

  /** A file. Throws `VW_LAB` if there is none, `VW_YAML` if it is not YAML. */
  read({ value: path, place }: Located<string>): ManifestFile {
    const known = this.#files.get(path);
    if (known !== undefined) return known;
    const bytes = this.#readFile(path);
    if (bytes === null) {
      throw new VethworkError(
        "VW_LAB",
        `there is no file "${path}"`,
        "a path from the lab's folder",
        place,
      );
    }
    const text = fromUtf8(bytes);
    const manifests = readManifestsOf(text, besideLab(this.#lab, path));
    const file = { path, bytes, text, manifests };
    this.#files.set(path, file);
    return file;
  }

  /**
   * What a text says that kubectl has under the name `file`: mostly that of a file that was read
   * already.
   */
  manifestsIn(text: string, file: string): KubectlFile {
    for (const known of this.#files.values()) {
      if (known.text !== text) continue;
      const manifests = known.manifests.map(({ value, placeOf }) => ({
        value,
        placeOf: (path: FieldPath) => ({ ...placeOf(path), file }),
      }));
      return { manifests, problem: null };
    }
    return readKubectlFile(text, file);
  }

  /** Reads the files that a step names: kubectl finds them on its host. Throws as `read` does. */
  readOf(step: Step): void {
    switch (step.kind) {
      case "parallel":
        for (const one of step.commands) this.readOf(one);
        return;
      case "apply":
        this.read(step.file);
        return;
      case "delete":
        if (isFileName(step.file.value)) this.read(step.file);
        return;
      case "run":
        this.#readOfCommand(step.command);
        return;
      default:
    }
  }

  /** Files after -f; those that are not beside the lab may come to be on the host. */
  #readOfCommand({ value, place }: Located<string>): void {
    for (const [, path = ""] of value.matchAll(KUBECTL_FILE)) {
      if (this.#readFile(path) !== null) this.read({ value: path, place });
    }
  }

  /** Where an object is declared first; null if no file has it. */
  placeOf(kind: string, namespace: string, name: string): Place | null {
    for (const { manifests } of this.#files.values()) {
      for (const { value, placeOf } of manifests) {
        const { apiVersion, kind: ownKind, metadata } = value as unknown as ApiObject;
        if (storedKind(apiVersion, ownKind) !== kind || metadata?.name !== name) continue;
        const namespaced = resourceOf(apiVersion, kind)?.namespaced !== false;
        if (!namespaced || namespace === "" || (metadata.namespace ?? "default") === namespace) {
          return placeOf(["metadata", "name"]);
        }
      }
    }
    return null;
  }
}

/** Whether a text names a file rather than an object. */
export function isFileName(text: string): boolean {
  return /\.(ya?ml|json)$/.test(text);
}

/** Applies the files to an empty API server. Throws `VW_OBJECT` with what it says, and the place. */
export function tryManifests(
  files: readonly ManifestFile[],
  system: readonly NewObject[],
  { networking }: Cluster,
): void {
  const server = new ApiServer(new Scheduler(), new Random(0), new Store(), {
    serviceCidr: networking.serviceSubnet,
    epochSeconds: 0,
  });
  for (const object of system) server.create(object, "kubeadm");
  for (const { path, manifests } of files) {
    if (manifests.length === 0) continue;
    const output = kubectl(server, ["apply", "-f", path], () => ({
      manifests,
      problem: null,
    }));
    if (output.exitCode === 0) continue;
    const said = output.stderr.replace(/^Warning:.*\n/gm, "").trim();
    throw new VethworkError("VW_OBJECT", said, "", output.place);
  }
}
