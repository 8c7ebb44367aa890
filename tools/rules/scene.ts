/** Reads the files of a scene: objects of each state, configuration, and commands for the node. */
import { type KubeObject, objectName } from "../../lib/kube/objects.ts";
import { releaseOf } from "../../lib/kube/proxy/release.ts";
import { ownNode } from "../../lib/kube/proxy/tell.ts";
import { readManifests, readProxyConfiguration } from "../../lib/lab/manifests.ts";
import { readInputText } from "../input.ts";
import { DEFAULT_NODE, RULES_CONFIGURATION } from "./defaults.ts";
import { readSetup } from "./node-host.ts";
import type { Scene } from "./play.ts";

/** What to read; null stands for the default. */
export interface SceneFiles {
  /** A file for each state. */
  readonly objects: readonly string[];
  readonly config: string | null;
  readonly nodeSetup: string | null;
  readonly node: string | null;
  /** Wins over the configuration's, as a flag on kube-proxy's command line does. */
  readonly mode: string | null;
  /** The newest release with the mode by default. */
  readonly version: string | null;
  readonly seed: number;
}

/**
 * The scene in the files; `note` takes a line for each thing that has no effect. Throws
 * `VethworkError`.
 */
export function readScene(files: SceneFiles, note: (line: string) => void): Scene {
  const { config, nodeSetup } = files;
  const base = RULES_CONFIGURATION;
  const read = config === null ? base : readProxyConfiguration(readInputText(config), config, base);
  const configuration = files.mode === null ? read : { ...read, mode: files.mode };
  const newest = configuration.mode === "userspace" ? "1.20" : "1.36";
  const nodeName = files.node ?? (configuration.hostnameOverride || DEFAULT_NODE);
  const states = files.objects.map((file) => readState(file, note));
  if (ownNode(states[0] ?? [], nodeName) === null) {
    note(`note: there is no Node ${nodeName}, so its address and zone are unknown`);
  }
  return {
    configuration,
    release: releaseOf(files.version ?? newest),
    nodeName,
    setup: nodeSetup === null ? [] : readSetup(readInputText(nodeSetup), nodeSetup),
    states,
    seed: files.seed,
  };
}

function readState(file: string, note: (line: string) => void): readonly KubeObject[] {
  const { objects, skipped } = readManifests(readInputText(file), file);
  for (const { kind, name, place } of skipped) {
    note(`note: ${place.file}:${place.line}: ${kind} ${name} is skipped`);
  }
  for (const object of objects) {
    if (object.kind !== "Service") continue;
    const { clusterIP = "", type } = object.spec;
    if (clusterIP !== "" || type === "ExternalName") continue;
    note(`note: ${file}: Service ${objectName(object.metadata)} has no clusterIP, so no rules`);
  }
  return objects;
}
