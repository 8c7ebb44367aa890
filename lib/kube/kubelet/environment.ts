/**
 * What the kubelet adds to a container's environment: what `envFrom` and `env` say, then the Services
 * of its namespace. The runtime puts the image's own variables in front.
 *
 * Spec: kubernetes pkg/kubelet/kubelet_pods.go (makeEnvironmentVariables), v1.36.
 */
import { LayeredMap } from "../../base/layered-map.ts";
import { asFields, type Fields, mapIn, textIn } from "../api/fields.ts";
import type { Container, JsonMap, Pod } from "../api/types.ts";
import type { Informers } from "../informer.ts";
import { ConfigError, configData } from "./config-data.ts";
import { fieldText, type PodFacts, resourceText } from "./downward.ts";
import { expand } from "./expansion.ts";
import { serviceVariables } from "./service-env.ts";

/** The variables by name. Throws `ConfigError`. */
export function environmentOf(
  pod: Pod,
  container: Container,
  informers: Informers,
  facts: PodFacts,
): ReadonlyMap<string, string> {
  const { namespace = "default" } = pod.metadata;
  const services = serviceVariables(informers, namespace, pod.spec.enableServiceLinks !== false);
  if (container.env === undefined && container.envFrom === undefined) return services;
  const own = new Map<string, string>();
  const values = new LayeredMap(services, own);
  for (const source of container.envFrom ?? []) addAll(own, asFields(source), informers, namespace);
  for (const entry of container.env ?? []) {
    const name = String(entry["name"]);
    const value = variableText(pod, container, entry, values, informers, facts);
    if (value !== null) own.set(name, value);
  }
  return new LayeredMap(own, without(services, own));
}

/** The Services' variables that the container does not set itself. */
function without(
  services: ReadonlyMap<string, string>,
  own: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  const isSet = [...own.keys()].some((name) => services.has(name));
  return isSet ? new Map([...services].filter(([name]) => !own.has(name))) : services;
}

function addAll(
  values: Map<string, string>,
  source: Fields,
  informers: Informers,
  namespace: string,
): void {
  for (const [field, kind] of SOURCES) {
    const ref = mapIn(source, field);
    if (ref === null) continue;
    const data = configData(
      informers,
      kind,
      namespace,
      textIn(ref, "name"),
      ref["optional"] === true,
    );
    for (const [key, value] of data ?? []) values.set(`${textIn(source, "prefix")}${key}`, value);
  }
}

const SOURCES = [
  ["configMapRef", "ConfigMap"],
  ["secretRef", "Secret"],
] as const;

const KEY_SOURCES = [
  ["configMapKeyRef", "ConfigMap"],
  ["secretKeyRef", "Secret"],
] as const;

function variableText(
  pod: Pod,
  container: Container,
  entry: JsonMap,
  values: ReadonlyMap<string, string>,
  informers: Informers,
  facts: PodFacts,
): string | null {
  const from = mapIn(asFields(entry), "valueFrom");
  if (from === null) return expand(String(entry["value"] ?? ""), values);
  const field = mapIn(from, "fieldRef");
  if (field !== null) return fieldText(pod, textIn(field, "fieldPath"), facts);
  const resource = mapIn(from, "resourceFieldRef");
  if (resource !== null) return resourceText(pod, container, resource as JsonMap, facts);
  const { namespace = "default" } = pod.metadata;
  for (const [name, kind] of KEY_SOURCES) {
    const ref = mapIn(from, name);
    if (ref === null) continue;
    const optional = ref["optional"] === true;
    const key = textIn(ref, "key");
    const value = configData(informers, kind, namespace, textIn(ref, "name"), optional)?.get(key);
    if (value !== undefined) return value;
    if (optional) return null;
    throw new ConfigError(
      `couldn't find key ${key} in ${kind} ${namespace}/${textIn(ref, "name")}`,
    );
  }
  return "";
}
