/**
 * What the cluster is and has: `version`, `cluster-info`, `api-resources`, `api-versions`.
 *
 * Spec: kubectl v1.36, cmd/version, cmd/clusterinfo, cmd/apiresources.
 * Differs: only the kinds that this API server has are listed, and no verbs; cluster-info has no
 * colours.
 */
import { groupOf, RESOURCES, type Resource } from "../api/resources.ts";
import type { ApiServer } from "../api/server.ts";
import { type Arguments, UsageError } from "./arguments.ts";
import type { Output } from "./output.ts";
import { formatTable } from "./table.ts";
import { toJson, toYaml } from "./yaml-text.ts";

const VERSION = "v1.36.2";
const KUSTOMIZE_VERSION = "v5.8.1";
const CLUSTER_SERVICE = "kubernetes.io/cluster-service";
/** Versions of groups that have a newer one. */
const OLDER_VERSIONS = ["autoscaling/v1"];

/** `kubectl version`. */
export function version(_server: ApiServer, args: Arguments, output: Output): void {
  const format = args.option("o") ?? args.option("output");
  const isClientOnly = args.flag("client");
  const [, major = "1", minor = "0"] = /^v(\d+)\.(\d+)/.exec(VERSION) ?? [];
  const info = { gitVersion: VERSION, major, minor };
  if (format === "json" || format === "yaml") {
    const versions = {
      clientVersion: info,
      kustomizeVersion: KUSTOMIZE_VERSION,
      ...(!isClientOnly && { serverVersion: info }),
    };
    output.write(format === "json" ? toJson(versions) : toYaml(versions));
    return;
  }
  output.print(`Client Version: ${VERSION}`);
  output.print(`Kustomize Version: ${KUSTOMIZE_VERSION}`);
  if (!isClientOnly) output.print(`Server Version: ${VERSION}`);
}

/** `kubectl cluster-info`: where the API server is, and the Services that belong to the cluster. */
export function clusterInfo(server: ApiServer, args: Arguments, output: Output): void {
  const [dump] = args.words;
  if (dump !== undefined) throw new UsageError(`cluster-info ${dump} is not modelled: use get`);
  const [slice] = server.store
    .list("EndpointSlice")
    .filter(({ metadata }) => metadata.name === "kubernetes");
  const host = slice?.endpoints?.[0]?.addresses[0] ?? "127.0.0.1";
  const url = `https://${host}:${slice?.ports?.[0]?.port ?? 6443}`;
  output.print(`Kubernetes control plane is running at ${url}`);
  for (const { metadata, spec } of server.store.list("Service")) {
    if (metadata.labels?.[CLUSTER_SERVICE] !== "true") continue;
    const port = spec.ports?.[0]?.name ?? "";
    const name = metadata.labels["kubernetes.io/name"] ?? metadata.name;
    const path = `${metadata.name}${port === "" ? "" : `:${port}`}`;
    output.print(
      `${name} is running at ${url}/api/v1/namespaces/${metadata.namespace}/services/${path}/proxy`,
    );
  }
  output.print("");
  output.print("To further debug and diagnose cluster problems, use 'kubectl cluster-info dump'.");
}

/** `kubectl api-resources`. */
export function apiResources(_server: ApiServer, args: Arguments, output: Output): void {
  const group = args.option("api-group");
  const namespaced = args.option("namespaced");
  const shown = RESOURCES.filter(
    (resource) =>
      (group === null || groupOf(resource.apiVersion) === group) &&
      (namespaced === null || String(resource.namespaced) === namespaced),
  ).sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
  if ((args.option("o") ?? args.option("output")) === "name") {
    for (const { plural, apiVersion } of shown) {
      const suffix = groupOf(apiVersion);
      output.print(suffix === "" ? plural : `${plural}.${suffix}`);
    }
    return;
  }
  const rows = shown.map(({ plural, shortNames, apiVersion, namespaced: within, kind }) => [
    plural,
    shortNames.join(","),
    apiVersion,
    String(within),
    kind,
  ]);
  const heads = ["NAME", "SHORTNAMES", "APIVERSION", "NAMESPACED", "KIND"];
  output.write(formatTable(args.flag("no-headers") ? rows : [heads, ...rows]));
}

function sortKey({ apiVersion, plural }: Resource): string {
  return `${groupOf(apiVersion)} ${plural}`;
}

/** `kubectl api-versions`. */
export function apiVersions(_server: ApiServer, _args: Arguments, output: Output): void {
  const versions = new Set([...RESOURCES.map(({ apiVersion }) => apiVersion), ...OLDER_VERSIONS]);
  for (const each of [...versions].sort()) output.print(each);
}

/** `kubectl top`: nothing measures Pods or nodes. */
export function top(_server: ApiServer, _args: Arguments, _output: Output): void {
  throw new UsageError("Metrics API not available");
}
