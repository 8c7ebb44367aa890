/**
 * Descriptions of Ingresses and IngressClasses.
 *
 * Spec: kubectl pkg/describe (describeIngressV1, describeIngressClassV1), v1.36.
 */
import type { ApiServer } from "../../api/server.ts";
import type { ApiObject } from "../../api/types.ts";
import { fieldAt, type LooseFields, listAt } from "../../field-at.ts";
import { objectKey } from "../../store.ts";
import { annotationRows, head, mapRows, type Row } from "./rows.ts";
import { endpointsOf } from "./service.ts";

/** An Ingress. */
export function ingressRows(server: ApiServer, ingress: ApiObject): Row[] {
  const { metadata } = ingress;
  const fallback = fieldAt(ingress, "spec", "defaultBackend") as LooseFields | undefined;
  const described = fallback === undefined ? "<default>" : backend(server, metadata, fallback);
  const addresses = listAt(ingress, "status", "loadBalancer", "ingress").map(({ ip, hostname }) =>
    String(ip ?? hostname ?? ""),
  );
  const tls = listAt(ingress, "spec", "tls");
  const rules = listAt(ingress, "spec", "rules").filter(({ http }) => http !== undefined);
  return [
    ["Name:", metadata.name],
    ...mapRows("Labels:", metadata.labels, "="),
    ["Namespace:", metadata.namespace ?? ""],
    ["Address:", [...new Set(addresses)].sort().join(",")],
    ["Ingress Class:", String(fieldAt(ingress, "spec", "ingressClassName") ?? "<none>")],
    ["Default backend:", described],
    ...(tls.length === 0 ? [] : ["TLS:", ...tls.map(tlsLine)]),
    "Rules:",
    ["  Host", "Path", "Backends"],
    ["  ----", "----", "--------"],
    ...rules.flatMap((rule): Row[] => [
      [`  ${rule["host"] ?? "*"}`, ""],
      ...listAt(rule, "http", "paths").map(
        (path): Row => [
          "    ",
          `${path["path"] ?? ""} `,
          backend(server, metadata, path["backend"] as LooseFields),
        ],
      ),
    ]),
    ...(rules.length === 0 ? [["  *", "*", described]] : []),
    ...annotationRows("Annotations:", metadata.annotations),
  ];
}

function tlsLine({ secretName, hosts }: LooseFields): string {
  const names = Array.isArray(hosts) ? hosts.join(",") : "";
  return secretName === undefined || secretName === ""
    ? `  SNI routes ${names}`
    : `  ${secretName} terminates ${names}`;
}

/** `web:80 (10.244.0.2:8080)`, or why there is nothing behind it. */
function backend(
  server: ApiServer,
  { namespace }: ApiObject["metadata"],
  fields: LooseFields,
): string {
  const wanted = fields["service"] as LooseFields | undefined;
  if (wanted === undefined) {
    const resource = (fields["resource"] ?? {}) as LooseFields;
    const { apiGroup = "<none>", kind, name } = resource;
    return `APIGroup: ${apiGroup}, Kind: ${kind}, Name: ${name}`;
  }
  const { number, name: portName } = (wanted["port"] ?? {}) as LooseFields;
  const label = `${wanted["name"]}:${portName ?? number ?? 0}`;
  const service = server.store.get("Service", objectKey(namespace, String(wanted["name"])));
  if (service === null) return `${label} (<error: services "${wanted["name"]}" not found>)`;
  const port = (service.spec.ports ?? []).findLast((each) =>
    number === undefined ? each.name === portName : each.port === number,
  );
  return `${label} (${endpointsOf(server, service, port?.name ?? "")})`;
}

/** An IngressClass. */
export function ingressClassRows(object: ApiObject): Row[] {
  const parameters = fieldAt(object, "spec", "parameters") as LooseFields | undefined;
  const optional = (title: string, value: unknown): Row[] =>
    value === undefined ? [] : [[title, String(value)]];
  return [
    ...head(object),
    ["Controller:", String(fieldAt(object, "spec", "controller") ?? "")],
    ...(parameters === undefined
      ? []
      : ([
          "Parameters:",
          ...optional("  APIGroup:", parameters["apiGroup"]),
          ["  Kind:", String(parameters["kind"])],
          ["  Name:", String(parameters["name"])],
        ] as Row[])),
  ];
}
