/**
 * Host ports: rules that lead a port of the node to a Pod's, as the portmap plugin writes them
 * behind the plugin that connected the Pod.
 *
 *     PREROUTING, OUTPUT  --dst-type LOCAL           → CNI-HOSTPORT-DNAT
 *     CNI-HOSTPORT-DNAT   the Pod's ports            → CNI-DN-…, one chain for each Pod
 *     CNI-DN-…            from the Pods, from itself → CNI-HOSTPORT-SETMARK; then DNAT
 *     POSTROUTING         marked                     → CNI-HOSTPORT-MASQ, MASQUERADE
 *
 * Spec: CNI plugins v1.9, plugins/meta/portmap (forwardPorts, fillDnatRules, chain.go),
 * pkg/utils (MustFormatChainNameWithPrefix).
 * Not modelled: its nftables backend, externalSetMarkChain, conditionsV4, IPv6.
 */
import { utf8 } from "../../base/bytes.ts";
import { type Cidr, formatCidr, formatIpv4, type Ipv4, isIpv4 } from "../../base/inet.ts";
import { sha512 } from "../../base/sha512.ts";
import type { ShellHost } from "../../shell/host.ts";
import { IPPROTO_UDP } from "../../wire/protocol-numbers.ts";
import { NetfilterIptables } from "../netfilter-iptables.ts";
import type { PortMapping } from "./pod-network.ts";

const TABLE = "nat";
const DNAT_CHAIN = "CNI-HOSTPORT-DNAT";
const SETMARK_CHAIN = "CNI-HOSTPORT-SETMARK";
const MASQUERADE_CHAIN = "CNI-HOSTPORT-MASQ";
/** markMasqBit 13. */
const MARK = "0x2000/0x2000";
/** `-m multiport` takes no more ports. */
const MULTIPORT_LIMIT = 15;
const CHAIN_LENGTH = 28;
const COMMENT_LENGTH = 255;

type Rule = readonly string[];

/** A Pod whose ports are led to it. */
export interface MappedPod {
  readonly sandboxId: string;
  readonly address: Ipv4;
  /** The Pods of the node: what they send is masqueraded, or an answer might pass the node by. */
  readonly subnet: Cidr;
  readonly mappings: readonly PortMapping[];
}

/** The host ports of one node. */
export class PortMap {
  readonly #host: ShellHost;
  readonly #iptables: NetfilterIptables;
  readonly #network: string;
  /** The rules that lead to a Pod's chain, by sandbox. */
  readonly #entries = new Map<string, readonly Rule[]>();

  /** `network` is the name in the CNI configuration; the host is borrowed. */
  constructor(host: ShellHost, network: string) {
    this.#host = host;
    this.#iptables = new NetfilterIptables(host.netfilter);
    this.#network = network;
  }

  /** ADD: opens the ports of a Pod that has been connected through `device`. */
  add(pod: MappedPod, device: string): void {
    if (pod.mappings.length === 0) return;
    this.#ensureShared(device);
    const chain = this.#chainOf(pod.sandboxId);
    this.#iptables.ensureChain(TABLE, chain);
    for (const rule of dnatRules(pod)) this.#append(chain, rule);
    const entries = this.#entriesOf(pod, chain);
    for (const entry of entries) this.#append(DNAT_CHAIN, entry);
    this.#entries.set(pod.sandboxId, entries);
    this.#forgetFlows(pod.mappings);
  }

  /** DEL: closes them. */
  remove(sandboxId: string): void {
    const entries = this.#entries.get(sandboxId);
    if (entries === undefined) return;
    this.#entries.delete(sandboxId);
    const chain = this.#chainOf(sandboxId);
    this.#iptables.flushChain(TABLE, chain);
    for (const entry of entries) this.#iptables.deleteRule(TABLE, DNAT_CHAIN, entry);
    this.#iptables.deleteChain(TABLE, chain);
  }

  /** The chains that all Pods share. */
  #ensureShared(device: string): void {
    const iptables = this.#iptables;
    iptables.ensureChain(TABLE, SETMARK_CHAIN);
    const marks = ["-m", "comment", "--comment", "CNI portfwd masquerade mark"];
    this.#append(SETMARK_CHAIN, [...marks, "-j", "MARK", "--set-xmark", MARK]);
    iptables.ensureChain(TABLE, MASQUERADE_CHAIN);
    this.#append(MASQUERADE_CHAIN, ["-m", "mark", "--mark", MARK, "-j", "MASQUERADE"]);
    const masquerades = ["-m", "comment", "--comment", "CNI portfwd requiring masquerade"];
    iptables.ensureRule("prepend", TABLE, "POSTROUTING", [...masquerades, "-j", MASQUERADE_CHAIN]);
    // So that 127.0.0.1 as source may leave for the Pods' bridge, and come back.
    this.#host.namespace.sysctls.write(`net.ipv4.conf.${device}.route_localnet`, "1");
    iptables.ensureChain(TABLE, DNAT_CHAIN);
    for (const hook of ["PREROUTING", "OUTPUT"]) {
      this.#append(hook, ["-m", "addrtype", "--dst-type", "LOCAL", "-j", DNAT_CHAIN]);
    }
  }

  #append(chain: string, rule: Rule): void {
    this.#iptables.ensureRule("append", TABLE, chain, rule);
  }

  #entriesOf({ sandboxId, mappings }: MappedPod, chain: string): Rule[] {
    const comment = `dnat name: "${this.#network}" id: "${sandboxId}"`;
    const shown =
      comment.length <= COMMENT_LENGTH ? comment : `${comment.slice(0, COMMENT_LENGTH - 2)}...`;
    const protocols = [...new Set(mappings.map(({ protocol }) => protocol))].sort();
    return protocols.flatMap((protocol) => {
      const ports = mappings.flatMap((each) => (each.protocol === protocol ? each.hostPort : []));
      return portLists(ports).map((list) => [
        ...["-m", "comment", "--comment", shown],
        ...["-m", "multiport", "-p", protocol, "--destination-ports", list],
        ...["-j", chain],
      ]);
    });
  }

  #chainOf(sandboxId: string): string {
    const digest = sha512(utf8(`${this.#network}${sandboxId}`));
    const hex = [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return `CNI-DN-${hex}`.slice(0, CHAIN_LENGTH);
  }

  /** UDP clients that kept their port would go on to talk to whoever was there before. */
  #forgetFlows(mappings: readonly PortMapping[]): void {
    const ports = mappings.flatMap(({ protocol, hostPort }) =>
      protocol === "udp" ? hostPort : [],
    );
    if (ports.length === 0) return;
    const { conntrack } = this.#host.netfilter;
    for (const connection of conntrack.list()) {
      const { protocol, ports: both } = connection.original;
      if (protocol === IPPROTO_UDP && ports.includes(both & 0xffff)) conntrack.kill(connection);
    }
  }
}

/** What is masqueraded on its way, then where it goes, for each port. */
function dnatRules({ address, subnet, mappings }: MappedPod): Rule[] {
  return mappings.flatMap(({ hostPort, containerPort, protocol, hostIp }) => {
    if (hostIp !== "" && !isIpv4(hostIp)) return [];
    const isAnywhere = hostIp === "" || hostIp === "0.0.0.0";
    const to = ["-p", protocol, "--dport", String(hostPort), ...(isAnywhere ? [] : ["-d", hostIp])];
    return [
      [...to, "-s", formatCidr(subnet), "-j", SETMARK_CHAIN],
      [...to, "-s", "127.0.0.1", "-j", SETMARK_CHAIN],
      [...to, "-j", "DNAT", "--to-destination", `${formatIpv4(address)}:${containerPort}`],
    ];
  });
}

function portLists(ports: readonly number[]): string[] {
  const lists: string[] = [];
  for (let at = 0; at < ports.length; at += MULTIPORT_LIMIT) {
    lists.push(ports.slice(at, at + MULTIPORT_LIMIT).join(","));
  }
  return lists;
}
