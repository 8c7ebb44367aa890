/** Builds Services, EndpointSlices and Nodes from the few fields a test is about. */
import type {
  EndpointSlice,
  Node,
  Service,
  ServicePortSpec,
  ServiceSpec,
  SliceEndpoint,
} from "../../lib/kube/objects.ts";
import type { KubeProxyConfiguration } from "../../lib/kube/proxy/config.ts";
import { createKubeProxy } from "../../lib/kube/proxy/create.ts";
import type { KubeProxy } from "../../lib/kube/proxy/kube-proxy.ts";
import type { ProxyNode } from "../../lib/kube/proxy/node.ts";
import { releaseOf } from "../../lib/kube/proxy/release.ts";
import { Scheduler } from "../../lib/sim/scheduler.ts";
import { RULES_CONFIGURATION } from "../../tools/rules/defaults.ts";
import { RecordingNode } from "../../tools/rules/recording-node.ts";

export const HTTP: ServicePortSpec = { name: "http", protocol: "TCP", port: 80 };
export const DNS: ServicePortSpec = { name: "dns", protocol: "UDP", port: 53 };

/** Service default/`name` with the cluster IP 10.96.0.10. */
export function service(name: string, spec: Partial<ServiceSpec> = {}, rest = {}): Service {
  const clusterIP = spec.clusterIP ?? "10.96.0.10";
  return {
    kind: "Service",
    metadata: { name, namespace: "default" },
    spec: { type: "ClusterIP", clusterIP, clusterIPs: [clusterIP], ports: [HTTP], ...spec },
    ...rest,
  };
}

/** A load balancer with ingress addresses. */
export function loadBalancer(
  name: string,
  ips: readonly string[],
  spec: Partial<ServiceSpec> = {},
): Service {
  return service(
    name,
    { type: "LoadBalancer", ...spec },
    { status: { loadBalancer: { ingress: ips.map((ip) => ({ ip })) } } },
  );
}

/** A slice of Service default/`of`; its name is the Service's with `suffix`. */
export function slice(
  of: string,
  endpoints: readonly SliceEndpoint[],
  {
    suffix = "a",
    port = { name: "http", protocol: "TCP" as ServicePortSpec["protocol"], port: 8080 },
  } = {},
): EndpointSlice {
  const { protocol = "TCP" } = port;
  return {
    kind: "EndpointSlice",
    metadata: {
      name: `${of}-${suffix}`,
      namespace: "default",
      labels: { "kubernetes.io/service-name": of },
    },
    addressType: "IPv4",
    ports: [{ name: port.name, protocol, port: port.port }],
    endpoints,
  };
}

/** An endpoint, ready and on node1 unless said otherwise. */
export function endpoint(address: string, more: Partial<SliceEndpoint> = {}): SliceEndpoint {
  return { addresses: [address], nodeName: "node1", ...more };
}

/** An endpoint that still serves while it terminates. */
export function draining(address: string, nodeName = "node1"): SliceEndpoint {
  const conditions = { ready: false, serving: true, terminating: true };
  return { addresses: [address], nodeName, conditions };
}

/** Node node1 at 172.18.0.2. */
export function node(labels: Readonly<Record<string, string>> = {}): Node {
  return {
    kind: "Node",
    metadata: { name: "node1", labels },
    spec: { podCIDRs: ["10.244.1.0/24"] },
    status: { addresses: [{ type: "InternalIP", address: "172.18.0.2" }] },
  };
}

/** A kube-proxy on a node that records what it does, and the time they live in. */
export interface ProxyWorld {
  readonly scheduler: Scheduler;
  readonly node: RecordingNode;
  readonly proxy: KubeProxy;
}

export interface WorldOptions {
  readonly configuration?: Partial<KubeProxyConfiguration>;
  readonly version?: string;
  readonly nodeObject?: Node | null;
  /** The node the proxy sees, made of the recording one. */
  readonly wrap?: (node: RecordingNode) => ProxyNode;
}

/** A started kube-proxy that has not been told of anything. */
export function proxyWorld(options: WorldOptions = {}): ProxyWorld {
  const scheduler = new Scheduler();
  const recording = new RecordingNode(scheduler, 1);
  const proxy = createKubeProxy({
    configuration: { ...RULES_CONFIGURATION, ...options.configuration },
    release: releaseOf(options.version ?? "1.36"),
    node: options.wrap?.(recording) ?? recording,
    nodeName: "node1",
    nodeObject: options.nodeObject ?? node(),
  });
  return { scheduler, node: recording, proxy };
}

/** The same, told of Services and slices, and synced. */
export function syncedWorld(
  services: readonly Service[],
  slices: readonly EndpointSlice[],
  options: WorldOptions = {},
): ProxyWorld {
  const world = proxyWorld(options);
  for (const one of services) world.proxy.serviceChanged(null, one);
  for (const one of slices) world.proxy.sliceChanged(null, one);
  world.proxy.servicesSynced();
  world.proxy.slicesSynced();
  return world;
}

/** The rules of the last input of iptables-restore, without those every input has. */
export function serviceLines(world: ProxyWorld): string[] {
  const last = world.node.restores.at(-1) ?? "";
  return last.split("\n").filter((line) => line.startsWith("-") && !FRAME.test(line));
}

const FRAME = /KUBE-POSTROUTING|KUBE-MARK-MASQ -j|KUBE-FORWARD|KUBE-FIREWALL|must be the last rule/;
