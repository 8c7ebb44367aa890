/**
 * The files that the kubelet and the runtime give every container: names and resolvers.
 *
 * Spec: kubernetes pkg/kubelet/kubelet_pods.go (managedHostsFileContent), pkg/kubelet/network/dns
 * (GetPodDNS), v1.36; containerd's resolv.conf.
 */
import { fromUtf8 } from "../../base/bytes.ts";
import type { FileSystem } from "../../shell/files.ts";
import type { ShellHost } from "../../shell/host.ts";
import { asFields, type Fields, mapsIn, textIn, textsIn } from "../api/fields.ts";
import type { Pod } from "../api/types.ts";

/** At most so many bytes of a Pod's name make its host name. */
const LONGEST_HOSTNAME = 63;

/** Where a Pod's names come from. */
export interface PodNames {
  /** Without a domain. */
  readonly hostname: string;
  /** As the kernel knows it: with the domain if the Pod says so. */
  readonly nodename: string;
  /** Its domain, if it has a subdomain; else "". */
  readonly domain: string;
  readonly address: string;
}

/** How Pods look names up. */
export interface DnsSettings {
  readonly clusterDns: string;
  readonly clusterDomain: string;
}

/** A Pod's host name and domain. */
export function podNames(pod: Pod, nodeName: string, domain: string, address: string): PodNames {
  const { hostname, subdomain = "", hostNetwork } = pod.spec;
  const own = (hostname ?? pod.metadata.name).slice(0, LONGEST_HOSTNAME).replace(/[.-]+$/, "");
  const { namespace = "default" } = pod.metadata;
  const podDomain = subdomain === "" ? "" : `${subdomain}.${namespace}.svc.${domain}`;
  const isWhole = pod.spec.setHostnameAsFQDN === true && podDomain !== "";
  return {
    hostname: own,
    nodename: hostNetwork === true ? nodeName : isWhole ? `${own}.${podDomain}` : own,
    domain: podDomain,
    address,
  };
}

/** Writes `/etc/hosts`, `/etc/hostname` and `/etc/resolv.conf`. */
export function writePodFiles(
  files: FileSystem,
  pod: Pod,
  names: PodNames,
  dns: DnsSettings,
  node: ShellHost,
): void {
  files.write("/etc/hostname", `${names.nodename}\n`);
  files.write("/etc/hosts", hostsText(pod, names, node));
  files.write("/etc/resolv.conf", resolvConfText(pod, dns, node));
}

function hostsText(pod: Pod, { hostname, domain, address }: PodNames, node: ShellHost): string {
  if (pod.spec.hostNetwork === true) {
    const own = fromUtf8(node.files.read("/etc/hosts") ?? new Uint8Array(0));
    return `# Kubernetes-managed hosts file (host network).\n${own}${aliasText(pod)}`;
  }
  const full = domain === "" ? "" : `${hostname}.${domain}\t`;
  return `${HOSTS_HEAD}${address}\t${full}${hostname}\n${aliasText(pod)}`;
}

const HOSTS_HEAD = `# Kubernetes-managed hosts file.
127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::0\tip6-localnet
fe00::0\tip6-mcastprefix
fe00::1\tip6-allnodes
fe00::2\tip6-allrouters
`;

function aliasText({ spec }: Pod): string {
  const aliases = (spec.hostAliases ?? []).map(asFields);
  if (aliases.length === 0) return "";
  const lines = aliases.map(
    (alias) => `${[textIn(alias, "ip"), ...textsIn(alias, "hostnames")].join("\t")}\n`,
  );
  return `\n# Entries added by HostAliases.\n${lines.join("")}`;
}

/** The same text for all Pods of a namespace and node that say nothing more of their own. */
function resolvConfText(pod: Pod, dns: DnsSettings, node: ShellHost): string {
  const { dnsPolicy = "ClusterFirst", dnsConfig, hostNetwork = false } = pod.spec;
  const { settings: nodes, texts } = nodeResolver(node);
  const settings = policySettings(pod, dns, nodes);
  if (dnsConfig !== undefined) return textOf(settings, asFields(dnsConfig));
  const { clusterDns, clusterDomain } = dns;
  const { namespace } = pod.metadata;
  const id = `${dnsPolicy} ${hostNetwork} ${clusterDns} ${clusterDomain} ${namespace}`;
  const text = texts.get(id) ?? textOf(settings, {});
  texts.set(id, text);
  return text;
}

/** `resolv.conf` with what the Pod's `dnsConfig` adds. */
function textOf(settings: ResolverSettings, own: Fields): string {
  const servers = [...settings.servers, ...textsIn(own, "nameservers")];
  const searches = [...settings.searches, ...textsIn(own, "searches")];
  const options = new Map(settings.options);
  for (const option of mapsIn(own, "options")) {
    options.set(textIn(option, "name"), textIn(option, "value"));
  }
  const optionText = [...options].map(([name, value]) =>
    value === "" ? name : `${name}:${value}`,
  );
  return [
    ...(searches.length > 0 ? [`search ${[...new Set(searches)].join(" ")}\n`] : []),
    ...[...new Set(servers)].map((server) => `nameserver ${server}\n`),
    ...(optionText.length > 0 ? [`options ${optionText.join(" ")}\n`] : []),
  ].join("");
}

interface ResolverSettings {
  readonly servers: readonly string[];
  readonly searches: readonly string[];
  readonly options: ReadonlyMap<string, string>;
}

function policySettings(pod: Pod, dns: DnsSettings, own: ResolverSettings): ResolverSettings {
  const { dnsPolicy = "ClusterFirst", hostNetwork } = pod.spec;
  if (dnsPolicy === "None") return { servers: [], searches: [], options: new Map() };
  if (dnsPolicy === "Default" || (dnsPolicy === "ClusterFirst" && hostNetwork === true)) return own;
  const { namespace = "default" } = pod.metadata;
  const domain = dns.clusterDomain;
  return {
    servers: [dns.clusterDns],
    searches: [`${namespace}.svc.${domain}`, `svc.${domain}`, domain, ...own.searches],
    options: new Map([["ndots", "5"]]),
  };
}

/** A node's own settings, and the texts that were made with them. */
interface NodeResolver {
  readonly settings: ResolverSettings;
  /** By what of a Pod and its cluster decides them. */
  readonly texts: Map<string, string>;
}

function nodeResolver({ files }: ShellHost): NodeResolver {
  const bytes = files.read("/etc/resolv.conf") ?? NO_BYTES;
  const known = read.get(bytes);
  if (known !== undefined) return known;
  const resolver = { settings: readSettings(fromUtf8(bytes)), texts: new Map<string, string>() };
  read.set(bytes, resolver);
  return resolver;
}

const NO_BYTES = new Uint8Array(0);

/** What was read of a node's file, which is replaced when it is written. */
const read = new WeakMap<Uint8Array, NodeResolver>();

function readSettings(text: string): ResolverSettings {
  const lines = text.split("\n").map((line) => line.trim().split(/\s+/));
  const valuesOf = (word: string): string[] =>
    lines.flatMap(([first, ...rest]) => (first === word ? rest : []));
  const options = valuesOf("options").map((option): [string, string] => {
    const [name = "", value = ""] = option.split(":");
    return [name, value];
  });
  return {
    servers: valuesOf("nameserver"),
    searches: valuesOf("search"),
    options: new Map(options),
  };
}
