/**
 * What ingress-nginx writes into the status of its Ingresses: the addresses at which clients reach
 * it, looked up anew every minute and taken away when the last controller ends.
 *
 * Spec: ingress-nginx 1.13, internal/ingress/status (runningAddresses, statusAddressFromService).
 * Differs: nobody is elected to write, so each of several controllers does; they write the same.
 */
import { isIpv4 } from "../../base/inet.ts";
import { NS_PER_S } from "../../base/units.ts";
import { type Program, waitFor } from "../../sim/process.ts";
import { matchesLabels } from "../api/labels.ts";
import type { ApiObject, Node, Pod, Service } from "../api/types.ts";
import { isReady } from "../controllers/pods.ts";
import { deepEqual } from "../deep-equal.ts";
import type { Ingress } from "../ingress-objects.ts";
import { objectKey } from "../store.ts";
import type { Container } from "./container.ts";

const UPDATE_INTERVAL = 60 * NS_PER_S;
/** Labels that are not the same in all Pods of a controller. */
const REVISION_LABELS = [
  "controller-revision-hash",
  "pod-template-generation",
  "pod-template-hash",
];

/** An address of `status.loadBalancer.ingress`. */
type StatusAddress = { readonly ip: string } | { readonly hostname: string };

/** Where the addresses come from, by the controller's flags. */
export interface StatusSource {
  /** --publish-status-address: addresses and names themselves, apart by commas; "" for none. */
  readonly addresses: string;
  /** --publish-service: `namespace/name` of the Service before the controller; "" for none. */
  readonly service: string;
  /** --report-node-internal-ip-address. */
  readonly usesInternalAddress: boolean;
}

/** The program that keeps the status of `ingresses` up to date; it ends with the container. */
export function* ingressStatus(
  container: Container,
  source: StatusSource,
  ingresses: () => readonly Ingress[],
): Program<number> {
  const { termination } = container;
  while (!termination.raised) {
    const addresses = statusAddresses(container, source);
    if (addresses !== null) write(container, ingresses(), addresses);
    yield waitFor([termination.waitQueue], UPDATE_INTERVAL);
  }
  const last = statusAddresses(container, source);
  const isLast = last === null || (last.length <= 1 && controllers(container).length <= 1);
  if (isLast) write(container, ingresses(), []);
  return 0;
}

function write(
  { updateStatus }: Container,
  ingresses: readonly Ingress[],
  addresses: readonly StatusAddress[],
): void {
  for (const ingress of ingresses) {
    // The API has no type for Ingresses.
    const object = ingress as unknown as ApiObject;
    const status = object.status as
      | { readonly loadBalancer?: { readonly ingress?: readonly StatusAddress[] } }
      | undefined;
    if (deepEqual(status?.loadBalancer?.ingress ?? [], addresses)) continue;
    const now = addresses.length === 0 ? {} : { ingress: addresses };
    updateStatus({ ...object, status: { loadBalancer: now } });
  }
}

/** The addresses in the order in which they are written; null if they cannot be told now. */
function statusAddresses(container: Container, source: StatusSource): StatusAddress[] | null {
  const found =
    source.addresses !== ""
      ? source.addresses.split(/,\s*/)
      : source.service !== ""
        ? serviceAddresses(container.api.get("Service", source.service))
        : nodeAddresses(container, source.usesInternalAddress);
  if (found === null) return null;
  const addresses = found.map((text) => (isIpv4(text) ? { ip: text } : { hostname: text }));
  const key = (address: StatusAddress) =>
    "ip" in address ? ` ${address.ip}` : `${address.hostname} `;
  return addresses.sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

function serviceAddresses(service: Service | null): string[] | null {
  if (service === null) return null;
  const { type, clusterIP = "", externalName = "", externalIPs = [] } = service.spec;
  switch (type) {
    case "ExternalName":
      return [externalName];
    case "NodePort":
      return externalIPs.length === 0 ? [clusterIP] : [...externalIPs];
    case "LoadBalancer": {
      const { ingress = [] } = service.status.loadBalancer;
      const given = ingress.map(({ ip, hostname }) => ip ?? hostname ?? "");
      return [...given, ...externalIPs.filter((ip) => !given.includes(ip))];
    }
    default:
      return [clusterIP];
  }
}

/** The nodes of the ready controllers. */
function nodeAddresses(container: Container, usesInternalAddress: boolean): string[] {
  const ready = controllers(container).filter(
    (pod) => pod.status.phase === "Running" && isReady(pod),
  );
  const names = ready.map(({ spec }) => {
    const node = container.api.get("Node", spec.nodeName ?? "");
    return node === null ? "" : nodeAddress(node, usesInternalAddress);
  });
  return [...new Set(names)];
}

function nodeAddress({ status }: Node, usesInternalAddress: boolean): string {
  const of = (type: string) => status.addresses?.find((each) => each.type === type)?.address;
  const internal = of("InternalIP") ?? "";
  return usesInternalAddress ? internal : (of("ExternalIP") ?? internal);
}

/** The Pods of this controller: those with its labels. */
function controllers({ api, pod: { namespace, name } }: Container): Pod[] {
  const own = api.get("Pod", objectKey(namespace, name))?.metadata.labels ?? {};
  const labels = Object.fromEntries(
    Object.entries(own).filter(([label]) => !REVISION_LABELS.includes(label)),
  );
  return api
    .list("Pod")
    .filter(({ metadata }) => metadata.namespace === namespace)
    .filter(({ metadata }) => matchesLabels(labels, metadata.labels));
}
