/**
 * Services as variables of a container's environment, as Docker's links had them.
 *
 * Spec: kubernetes pkg/kubelet/envvars, pkg/kubelet/kubelet_pods.go (getServiceEnvVarMap), v1.36.
 */
import type { Service } from "../api/types.ts";
import type { Informers } from "../informer.ts";
import { keyOf } from "../store.ts";

/**
 * The variables of the Services that a Pod of `namespace` is told of, by name. The same map for
 * all Pods of a namespace as long as no Service changes.
 */
export function serviceVariables(
  informers: Informers,
  namespace: string,
  links: boolean,
): ReadonlyMap<string, string> {
  const services = informers.list("Service");
  const known = read.get(services) ?? new Map<string, ReadonlyMap<string, string>>();
  read.set(services, known);
  const id = `${links} ${namespace}`;
  const values = known.get(id) ?? variablesOf(services, namespace, links);
  known.set(id, values);
  return values;
}

/** A cache's list is another after each change. */
const read = new WeakMap<readonly Service[], Map<string, ReadonlyMap<string, string>>>();

function variablesOf(
  services: readonly Service[],
  namespace: string,
  links: boolean,
): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  const own = links ? services.filter(({ metadata }) => metadata.namespace === namespace) : [];
  for (const service of own) addVariables(values, service);
  const master = services.find((service) => keyOf(service) === "default/kubernetes");
  if (master !== undefined && !own.includes(master)) addVariables(values, master);
  return values;
}

function addVariables(values: Map<string, string>, { metadata, spec }: Service): void {
  const { clusterIP, ports = [] } = spec;
  const [first] = ports;
  if (clusterIP === undefined || clusterIP === "" || clusterIP === "None") return;
  if (first === undefined) return;
  const prefix = variableName(metadata.name);
  values.set(`${prefix}_SERVICE_HOST`, clusterIP);
  values.set(`${prefix}_SERVICE_PORT`, String(first.port));
  for (const { name, port } of ports) {
    if (name !== undefined && name !== "")
      values.set(`${prefix}_SERVICE_PORT_${variableName(name)}`, String(port));
  }
  for (const [index, { protocol, port }] of ports.entries()) {
    const url = `${protocol.toLowerCase()}://${clusterIP}:${port}`;
    const portPrefix = `${prefix}_PORT_${port}_${protocol.toUpperCase()}`;
    if (index === 0) values.set(`${prefix}_PORT`, url);
    values.set(portPrefix, url);
    values.set(`${portPrefix}_PROTO`, protocol.toLowerCase());
    values.set(`${portPrefix}_PORT`, String(port));
    values.set(`${portPrefix}_ADDR`, clusterIP);
  }
}

function variableName(name: string): string {
  return name.replaceAll("-", "_").toUpperCase();
}
