/** A random Service with its endpoints, and the object that says so to the API server. */

/** Transport protocols of Services here. */
export type Protocol = "TCP" | "UDP";

/** A Pod that serves a protocol on its usual port. */
export interface Backend {
  readonly ip: string;
  readonly node: number;
  readonly protocol: Protocol;
}

/** What an EndpointSlice says of an endpoint. */
export interface Conditions {
  readonly ready: boolean;
  readonly serving: boolean;
  readonly terminating: boolean;
}

/** One endpoint of a Service. */
export interface Endpoint extends Conditions {
  readonly backend: Backend;
}

/** One port of a Service. */
export interface Port {
  readonly name: string;
  readonly port: number;
  /** 0: none. */
  readonly nodePort: number;
  readonly targetPort: number;
}

/** A Service, as far as it is drawn. */
export interface Service {
  readonly number: number;
  readonly protocol: Protocol;
  readonly type: "ClusterIP" | "NodePort" | "LoadBalancer";
  readonly ports: readonly Port[];
  readonly internalLocal: boolean;
  readonly externalLocal: boolean;
  readonly externalIps: readonly string[];
  readonly ingress: readonly object[];
  readonly more: object;
  endpoints: readonly Endpoint[];
}

/** Its address. */
export function clusterIp({ number }: Service): string {
  return `10.96.0.${10 + number}`;
}

/** The Service as a manifest has it. */
export function serviceObject(service: Service): object {
  const { number, type, protocol, ports, internalLocal, externalLocal, more } = service;
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: `s${number}`, namespace: "default" },
    spec: {
      clusterIP: clusterIp(service),
      type,
      ports: ports.map(({ name, port, nodePort, targetPort }) => ({
        ...(name === "" ? {} : { name }),
        port,
        protocol,
        targetPort,
        ...(nodePort === 0 ? {} : { nodePort }),
      })),
      ...(internalLocal ? { internalTrafficPolicy: "Local" } : {}),
      ...(externalLocal ? { externalTrafficPolicy: "Local" } : {}),
      ...(service.externalIps.length > 0 ? { externalIPs: service.externalIps } : {}),
      ...more,
    },
    ...(service.ingress.length > 0
      ? { status: { loadBalancer: { ingress: service.ingress } } }
      : {}),
  };
}
