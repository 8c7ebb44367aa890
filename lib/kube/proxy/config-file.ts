/**
 * A KubeProxyConfiguration as it stands in a file: what is checked of it, and how its values are
 * read.
 *
 * Spec: kubeproxy.config.k8s.io/v1alpha1; Kubernetes pkg/proxy/apis/config/validation.
 */
import type { Ns } from "../../base/units.ts";
import { isAddress, isNetwork } from "../addresses.ts";
import { parseGoDuration } from "../go-duration.ts";
import {
  boolean,
  type Check,
  type FieldPath,
  integer,
  isRecord,
  list,
  oneOf,
  type Report,
  record,
  string,
  text,
} from "../schema.ts";
import type { ConntrackSettings, KubeProxyConfiguration } from "./config.ts";

const DURATION = /^(?:0|(?:\d+(?:\.\d+)?(?:h|ms|m|s|us|µs|ns))+)$/;
const PORT_RANGE = /^(\d+)(?:-(\d+)|\+(\d+))?$/;

const duration = text((value) => DURATION.test(value), "a duration", "for example 30s, 1h, 250ms");
const syncSettings = {
  masqueradeAll: boolean,
  masqueradeBit: integer(0, 31),
  syncPeriod: duration,
  minSyncPeriod: duration,
};

const fields = record({
  mode: oneOf("", "iptables", "ipvs", "nftables", "userspace"),
  bindAddress: text(isAddress, "an IP address", "for example 0.0.0.0"),
  hostnameOverride: string,
  clusterCIDR: text(
    (value) => value === "" || (value.split(",").every(isNetwork) && value.split(",").length <= 2),
    "a cluster network",
    "for example 10.244.0.0/16; two of different families with a comma between them",
  ),
  detectLocalMode: oneOf("", "ClusterCIDR", "NodeCIDR", "BridgeInterface", "InterfaceNamePrefix"),
  detectLocal: record({ bridgeInterface: string, interfaceNamePrefix: string }),
  nodePortAddresses: list(
    text(
      (value) => value === "primary" || isNetwork(value),
      "a network of node addresses",
      "for example 172.18.0.0/16, or the word primary",
    ),
  ),
  iptables: record({ ...syncSettings, localhostNodePorts: boolean }),
  nftables: record(syncSettings),
  ipvs: record({ syncPeriod: duration, minSyncPeriod: duration }),
  conntrack: record({
    maxPerCore: integer(0, 2 ** 31 - 1),
    min: integer(0, 2 ** 31 - 1),
    tcpEstablishedTimeout: duration,
    tcpCloseWaitTimeout: duration,
    tcpBeLiberal: boolean,
    udpTimeout: duration,
    udpStreamTimeout: duration,
  }),
  udpIdleTimeout: duration,
  portRange: text(
    (value) => value === "" || readPortRange(value) !== undefined,
    "a range of ports",
    "for example 10400-10499",
  ),
});

/** The check of a configuration as read from a file. */
export const CONFIGURATION_CHECK: Check = (value, path, report) => {
  fields(value, path, report);
  checkTogether(value, path, report);
};

/**
 * The configuration that `value`, which has passed `CONFIGURATION_CHECK`, makes of `base`: what it
 * does not say stays.
 */
export function readConfiguration(
  value: unknown,
  base: KubeProxyConfiguration,
): KubeProxyConfiguration {
  const at = (...names: readonly string[]): unknown => fieldAt(value, names);
  const kept = <Key extends keyof KubeProxyConfiguration>(
    key: Key,
    read: unknown,
  ): KubeProxyConfiguration[Key] => (read ?? base[key]) as KubeProxyConfiguration[Key];
  const ns = (read: unknown): Ns | undefined =>
    typeof read === "string" ? parseGoDuration(read) : undefined;
  const range = at("portRange");
  return {
    mode: String(at("mode") || base.mode),
    hostnameOverride: kept("hostnameOverride", at("hostnameOverride")),
    bindAddress: kept("bindAddress", at("bindAddress")),
    clusterCIDR: kept("clusterCIDR", at("clusterCIDR")),
    detectLocalMode: kept("detectLocalMode", at("detectLocalMode") || undefined),
    bridgeInterface: kept("bridgeInterface", at("detectLocal", "bridgeInterface")),
    interfaceNamePrefix: kept("interfaceNamePrefix", at("detectLocal", "interfaceNamePrefix")),
    nodePortAddresses: kept("nodePortAddresses", at("nodePortAddresses")),
    masqueradeAll: kept("masqueradeAll", at("iptables", "masqueradeAll")),
    masqueradeBit: kept("masqueradeBit", at("iptables", "masqueradeBit")),
    localhostNodePorts: kept("localhostNodePorts", at("iptables", "localhostNodePorts")),
    syncPeriod: ns(at("iptables", "syncPeriod")) || base.syncPeriod,
    minSyncPeriod: ns(at("iptables", "minSyncPeriod")) || base.minSyncPeriod,
    udpIdleTimeout: ns(at("udpIdleTimeout")) || base.udpIdleTimeout,
    portRange: typeof range === "string" ? (readPortRange(range) ?? null) : base.portRange,
    conntrack: readConntrack(at("conntrack"), base.conntrack),
  };
}

/** Unlike those of syncs, a timeout of 0 is a setting here. */
function readConntrack(value: unknown, base: ConntrackSettings): ConntrackSettings {
  const settings: Record<string, unknown> = { ...base };
  for (const name of Object.keys(base)) {
    const read = fieldAt(value, [name]);
    if (read !== undefined)
      settings[name] = typeof read === "string" ? parseGoDuration(read) : read;
  }
  return settings as unknown as ConntrackSettings;
}

/** Rules that tie fields together. */
function checkTogether(value: unknown, path: FieldPath, report: Report): void {
  const mode = fieldAt(value, ["detectLocalMode"]);
  const name =
    mode === "BridgeInterface"
      ? "bridgeInterface"
      : mode === "InterfaceNamePrefix"
        ? "interfaceNamePrefix"
        : null;
  if (name !== null && (fieldAt(value, ["detectLocal", name]) ?? "") === "") {
    report([...path, "detectLocalMode"], `${String(mode)} needs a name`, `set detectLocal.${name}`);
  }
  const period = fieldAt(value, ["iptables", "syncPeriod"]);
  const least = fieldAt(value, ["iptables", "minSyncPeriod"]);
  if (typeof period === "string" && typeof least === "string") {
    const [longest, shortest] = [parseGoDuration(period), parseGoDuration(least)];
    if (longest > 0 && shortest > longest) {
      report(
        [...path, "iptables", "minSyncPeriod"],
        `${least} is longer than syncPeriod ${period}`,
        "minSyncPeriod is at most syncPeriod",
      );
    }
  }
}

function readPortRange(value: string): { first: number; last: number } | null | undefined {
  if (value === "" || value === "0-0") return null;
  const match = PORT_RANGE.exec(value);
  if (match === null) return undefined;
  const first = Number(match[1]);
  const last =
    match[2] !== undefined
      ? Number(match[2])
      : first + (match[3] === undefined ? 0 : Number(match[3]));
  return first >= 1 && first <= last && last <= 65535 ? { first, last } : undefined;
}

function fieldAt(value: unknown, names: readonly string[]): unknown {
  let at = value;
  for (const name of names) at = isRecord(at) ? at[name] : undefined;
  return at ?? undefined;
}
