/**
 * Names of kube-proxy's chains. A chain that belongs to one service port or endpoint is named by a
 * hash, as a chain's name has at most 28 characters.
 *
 * Spec: Kubernetes pkg/proxy/iptables/proxier.go; RFC 4648 §6 (base 32).
 */
import { utf8 } from "../../../base/bytes.ts";
import { sha256 } from "../../../base/sha256.ts";
import type { ServicePort } from "../service-port.ts";

export const SERVICES = "KUBE-SERVICES";
export const EXTERNAL_SERVICES = "KUBE-EXTERNAL-SERVICES";
export const NODE_PORTS = "KUBE-NODEPORTS";
export const POSTROUTING = "KUBE-POSTROUTING";
export const FORWARD = "KUBE-FORWARD";
export const MARK_MASQ = "KUBE-MARK-MASQ";
/** Packets marked to be dropped; up to 1.24, filled by kubelet. */
export const MARK_DROP = "KUBE-MARK-DROP";
export const PROXY_FIREWALL = "KUBE-PROXY-FIREWALL";
/** Kubelet's chain, of which kube-proxy keeps one rule. */
export const FIREWALL = "KUBE-FIREWALL";
/** An empty chain whose disappearance tells that someone flushed the tables. */
export const CANARY = "KUBE-PROXY-CANARY";

/** The chains of one service port. Which of them exist depends on its policies and endpoints. */
export interface ServiceChains {
  /** Dispatches to endpoints on any node. */
  readonly cluster: string;
  /** Dispatches to endpoints on this node. */
  readonly local: string;
  /** Where traffic from outside enters. */
  readonly external: string;
  /** Lets source ranges through to a load balancer's address. */
  readonly firewall: string;
  /** 1.20: what `external` and `local` are together. */
  readonly loadBalancer: string;
}

/** The chain names of a service port. */
export function serviceChains(port: ServicePort): ServiceChains {
  const id = hash16(port.label + port.protocol);
  return {
    cluster: `KUBE-SVC-${id}`,
    local: `KUBE-SVL-${id}`,
    external: `KUBE-EXT-${id}`,
    firewall: `KUBE-FW-${id}`,
    loadBalancer: `KUBE-XLB-${id}`,
  };
}

/** The chain name of one endpoint (`ip:port`) of a service port. */
export function endpointChain(port: ServicePort, endpoint: string): string {
  return `KUBE-SEP-${hash16(port.label + port.protocol + endpoint)}`;
}

const PREFIXES = ["KUBE-SVC-", "KUBE-SVL-", "KUBE-SEP-", "KUBE-FW-", "KUBE-EXT-"];
const PREFIXES_1_20 = ["KUBE-SVC-", "KUBE-SEP-", "KUBE-FW-", "KUBE-XLB-"];

/** Whether a chain is of a kind that comes and goes with service ports and endpoints. */
export function isServiceChain(chain: string): boolean {
  return PREFIXES.some((prefix) => chain.startsWith(prefix));
}

/** The same in 1.20. */
export function isServiceChain120(chain: string): boolean {
  return PREFIXES_1_20.some((prefix) => chain.startsWith(prefix));
}

const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** Hashes made before: each node of a cluster and each sync asks for the same. */
const hashes = new Map<string, string>();
/** With more than these, all are forgotten. */
const MAX_HASHES = 1 << 16;

/** The first 16 characters of the base 32 form of a text's SHA-256: its first 80 bits. */
function hash16(text: string): string {
  let hash = hashes.get(text);
  if (hash === undefined) {
    hash = makeHash(text);
    if (hashes.size >= MAX_HASHES) hashes.clear();
    hashes.set(text, hash);
  }
  return hash;
}

function makeHash(text: string): string {
  const digest = sha256(utf8(text));
  let name = "";
  for (let at = 0; at < 10; at += 5) {
    const high =
      ((digest[at] ?? 0) << 12) | ((digest[at + 1] ?? 0) << 4) | ((digest[at + 2] ?? 0) >> 4);
    const low =
      (((digest[at + 2] ?? 0) & 15) << 16) | ((digest[at + 3] ?? 0) << 8) | (digest[at + 4] ?? 0);
    for (const twenty of [high, low]) {
      for (let shift = 15; shift >= 0; shift -= 5) name += BASE32.charAt((twenty >> shift) & 31);
    }
  }
  return name;
}
