/**
 * Services as variables of a container's environment, as Docker's links had them.
 *
 * Spec: kubernetes pkg/kubelet/envvars, pkg/kubelet/kubelet_pods.go (getServiceEnvVarMap), v1.36.
 */
import type { Service } from "../api/types.ts";
import type { Informers } from "../informer.ts";

/** The variables of the Services that a Pod of `namespace` is told of, by name. */
export function serviceVariables(
  informers: Informers,
  namespace: string,
  links: boolean,
): Map<string, string> {
  const values = new Map<string, string>();
  const own = links
    ? informers.list("Service").filter(({ metadata }) => metadata.namespace === namespace)
    : [];
  const master = informers.get("Service", "default/kubernetes");
  for (const service of [...own, ...(master === null || own.includes(master) ? [] : [master])]) {
    addVariables(values, service);
  }
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
