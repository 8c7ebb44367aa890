/**
 * Descriptions of Services and EndpointSlices.
 *
 * Spec: kubectl pkg/describe (describeService, describeEndpointSliceV1), v1.36.
 */
import { formatSelector } from "../../api/labels.ts";
import type { ApiServer } from "../../api/server.ts";
import type { EndpointSlice, Endpoints, Service, ServicePort } from "../../api/types.ts";
import { SERVICE_NAME_LABEL } from "../../objects.ts";
import { head, indentedTable, type Row } from "./rows.ts";

/** The lines of `kubectl describe service`. */
export function serviceRows(server: ApiServer, service: Service): Row[] {
  const { spec, status } = service;
  const ingress = (status.loadBalancer.ingress ?? []).map(
    ({ ip, hostname, ipMode }) =>
      `${ip ?? hostname ?? ""}${ipMode === undefined ? "" : ` (${ipMode})`}`,
  );
  const optional = (title: string, value: string | undefined): Row[] =>
    value === undefined || value === "" ? [] : [[title, value]];
  const families = spec.ipFamilies ?? [];
  const addresses = spec.clusterIPs ?? [];
  return [
    ...head(service),
    ["Selector:", formatSelector({ matchLabels: spec.selector })],
    ["Type:", spec.type],
    ...optional("IP Family Policy:", spec.ipFamilyPolicy),
    ["IP Families:", families.length === 0 ? "<none>" : families.join(",")],
    ["IP:", spec.clusterIP ?? ""],
    ["IPs:", addresses.length === 0 ? "<none>" : addresses.join(",")],
    ...optional("External IPs:", spec.externalIPs?.join(",")),
    ...optional("Desired LoadBalancer IP:", spec.loadBalancerIP),
    ...optional("External Name:", spec.externalName),
    ...optional("LoadBalancer Ingress:", ingress.join(", ")),
    ...(spec.ports ?? []).flatMap((port) => portRows(server, service, port)),
    ["Session Affinity:", spec.sessionAffinity ?? "None"],
    ...optional("External Traffic Policy:", spec.externalTrafficPolicy),
    ...optional("Internal Traffic Policy:", spec.internalTrafficPolicy),
    ...optional(
      "HealthCheck NodePort:",
      spec.healthCheckNodePort === undefined ? undefined : String(spec.healthCheckNodePort),
    ),
    ...optional("LoadBalancer Source Ranges:", spec.loadBalancerSourceRanges?.join(",")),
    ...optional("Traffic Distribution:", spec.trafficDistribution),
  ];
}

function portRows(server: ApiServer, service: Service, port: ServicePort): Row[] {
  const name = port.name === undefined || port.name === "" ? "<unset>" : port.name;
  return [
    ["Port:", `${name}  ${port.port}/${port.protocol}`],
    ["TargetPort:", `${port.targetPort}/${port.protocol}`],
    ...(port.appProtocol === undefined ? [] : ([["AppProtocol:", port.appProtocol]] as Row[])),
    ...(port.nodePort === undefined
      ? []
      : ([["NodePort:", `${name}  ${port.nodePort}/${port.protocol}`]] as Row[])),
    ["Endpoints:", endpointsOf(server, service, port.name ?? "")],
  ];
}

/** The ready endpoints of a port; of more than three the first three. */
export function endpointsOf(server: ApiServer, { metadata }: Service, portName: string): string {
  const slices = server.store
    .list("EndpointSlice")
    .filter(
      (slice) =>
        slice.metadata.namespace === metadata.namespace &&
        slice.metadata.labels?.[SERVICE_NAME_LABEL] === metadata.name,
    );
  if (slices.length === 0) return "<none>";
  const list = slices.flatMap((slice) => {
    const ports = (slice.ports ?? []).filter(({ name }) => (name ?? "") === portName);
    const ready = (slice.endpoints ?? []).filter(({ conditions }) => conditions?.ready !== false);
    return ready.flatMap(({ addresses }) =>
      ports.flatMap(({ port }) => addresses.map((address) => `${address}:${port ?? ""}`)),
    );
  });
  return list.length > 3
    ? `${list.slice(0, 3).join(",")} + ${list.length - 3} more...`
    : list.join(",");
}

/** The lines of `kubectl describe endpointslice`. */
export function sliceRows(slice: EndpointSlice): Row[] {
  const ports = slice.ports ?? [];
  const endpoints = slice.endpoints ?? [];
  const rows: Row[] = [...head(slice), ["AddressType:", slice.addressType]];
  if (ports.length === 0) rows.push("Ports: <unset>");
  else {
    rows.push("Ports:");
    const cells = ports.map(({ name, port, protocol }) => [
      name === undefined || name === "" ? "<unset>" : name,
      String(port ?? "<unset>"),
      protocol ?? "",
    ]);
    rows.push(
      ...indentedTable([["Name", "Port", "Protocol"], ["----", "----", "--------"], ...cells]),
    );
  }
  if (endpoints.length === 0) rows.push("Endpoints: <none>");
  else rows.push("Endpoints:");
  for (const { addresses, conditions, hostname, targetRef, nodeName, zone } of endpoints) {
    const known = (value: string | undefined) => value ?? "<unset>";
    rows.push(["  - Addresses:", addresses.join(", ")], "    Conditions:");
    rows.push(["      Ready:", String(conditions?.ready ?? "<unset>")]);
    rows.push(["    Hostname:", known(hostname)]);
    if (targetRef !== undefined)
      rows.push(["    TargetRef:", `${targetRef.kind}/${targetRef.name}`]);
    rows.push(["    NodeName:", known(nodeName)], ["    Zone:", known(zone)]);
  }
  return rows;
}

/** A v1 Endpoints. */
export function endpointsRows(endpoints: Endpoints): Row[] {
  return [...head(endpoints), "Subsets:", ...(endpoints.subsets ?? []).flatMap(subsetRows)];
}

function subsetRows(subset: NonNullable<Endpoints["subsets"]>[number]): Row[] {
  const list = (addresses: readonly { readonly ip: string }[] | undefined) =>
    (addresses ?? []).length === 0 ? "<none>" : (addresses ?? []).map(({ ip }) => ip).join(",");
  const ports = (subset.ports ?? []).map(
    ({ name, port, protocol }): Row => [
      `    ${name ?? "<unset>"}`,
      String(port),
      protocol ?? "TCP",
    ],
  );
  const table: Row[] =
    ports.length === 0
      ? []
      : ["  Ports:", ["    Name", "Port", "Protocol"], ["    ----", "----", "--------"], ...ports];
  return [
    ["  Addresses:", list(subset.addresses)],
    ["  NotReadyAddresses:", list(subset.notReadyAddresses)],
    ...table,
    "",
  ];
}
