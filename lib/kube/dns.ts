/**
 * The cluster's names as the `kubernetes` plugin of CoreDNS answers for them: addresses of
 * Services and of headless Services' endpoints, SRV, PTR and ExternalName, made from the objects
 * at the moment of the question.
 *
 * Spec: Kubernetes DNS-Based Service Discovery 1.1.0; CoreDNS 1.11, plugin/kubernetes
 * (kubernetes.go, parse.go, reverse.go, object/endpoint.go), plugin/backend_lookup.go.
 * Not modelled: IPv6, zone transfers, the NS records of the zone, `pods verified`, stub domains.
 */
import {
  type DnsQuestion,
  type DnsRecord,
  type DnsReply,
  emptyReply,
  Rcode,
  type RecordType,
} from "../apps/dns-message.ts";
import { isInZone, zoneAuthority } from "../apps/dns-records.ts";
import { isIpv4 } from "../base/inet.ts";
import { parseClusterName } from "./dns-name.ts";
import type { DnsEndpointSlice, DnsObjects, DnsService } from "./dns-objects.ts";
import { SERVICE_NAME_LABEL } from "./objects.ts";

/** The Corefile's settings that change answers. */
export interface ClusterDnsOptions {
  /** `cluster.local` */
  readonly zone: string;
  /** Seconds; the plugin's default is 5, kubeadm's Corefile says 30. */
  readonly ttl: number;
  /** `pods insecure`: 10-244-1-2.default.pod.cluster.local is 10.244.1.2. */
  readonly pods: "disabled" | "insecure";
  /** Unix time of the last change, in the SOA record. */
  readonly serial: number;
}

export const KUBEADM_DNS: ClusterDnsOptions = {
  zone: "cluster.local",
  ttl: 30,
  pods: "insecure",
  serial: 0,
};

const DNS_SCHEMA_VERSION = "1.1.0";
const DNS_SCHEMA_TTL = 28800;
const REVERSE_ZONE = "in-addr.arpa";
const MAX_ALIASES = 8;
/** A port that is not there: the address counts, SRV has nothing to say. */
const NO_PORT = -1;

/** What stands behind a name: an address or an alias, a port, and the name that SRV points to. */
interface Target {
  readonly host: string;
  readonly port: number;
  readonly name: string;
}

/** Records that a look-up found; null for a name that does not exist. */
type Found = readonly Target[] | null;

/** A backend of `dnsServer`. Borrows `objects`, which it asks anew for each question. */
export class ClusterDns {
  readonly #objects: DnsObjects;
  readonly #options: ClusterDnsOptions;

  constructor(objects: DnsObjects, options: ClusterDnsOptions) {
    this.#objects = objects;
    this.#options = options;
  }

  /** The answer, or null for a name that is not the cluster's. */
  answer(question: DnsQuestion): DnsReply | null {
    const name = question.name.toLowerCase();
    if (isInZone(name, REVERSE_ZONE)) return this.#reverse(question);
    if (!isInZone(name, this.#options.zone)) return null;
    // The zone is given back in the case in which it was asked for.
    const zone = question.name.slice(question.name.length - this.#options.zone.length);
    const { type } = question;
    if (type === "AXFR" || type === "IXFR") return emptyReply(Rcode.REFUSED);
    if (type === "SOA" && name === this.#options.zone) return positive([this.#soa(zone)]);
    if (type === "TXT" && name === `dns-version.${this.#options.zone}`) {
      const data = DNS_SCHEMA_VERSION;
      return positive([{ name: question.name, type: "TXT", data, ttl: DNS_SCHEMA_TTL }]);
    }
    const found = this.#find(name);
    if (found === null) return this.#negative(Rcode.NXDOMAIN, zone);
    const reply = this.#records(question, type, found);
    return reply.answers.length === 0 ? this.#negative(Rcode.NOERROR, zone) : reply;
  }

  #records(question: DnsQuestion, type: RecordType, found: readonly Target[]): DnsReply {
    if (type === "A" || type === "AAAA") return positive(this.#addresses(question, found, []));
    if (type === "SRV") return this.#services(question, found);
    if (type === "CNAME")
      return positive(found.filter(isAlias).map((to) => this.#alias(question, to)));
    return positive([]);
  }

  /** A records, each address once; aliases into the zone are followed. */
  #addresses(
    question: DnsQuestion,
    found: readonly Target[],
    before: readonly DnsRecord[],
  ): DnsRecord[] {
    const records: DnsRecord[] = [];
    const { ttl, zone } = this.#options;
    for (const target of found) {
      const { host } = target;
      if (!isAlias(target)) {
        const known = records.some(({ data }) => data === host);
        if (question.type === "A" && !known) {
          records.push({ name: question.name, type: "A", data: host, ttl });
        }
        continue;
      }
      const isLoop = host.toLowerCase() === question.name.toLowerCase();
      if (isLoop || before.length >= MAX_ALIASES) continue;
      const alias = this.#alias(question, target);
      if (!isInZone(host.toLowerCase(), zone)) {
        records.push(alias);
        continue;
      }
      const next = { ...question, name: host };
      const rest = this.#addresses(next, this.#find(host.toLowerCase()) ?? [], [...before, alias]);
      if (rest.length > 0) records.push(alias, ...rest);
    }
    return records;
  }

  #alias({ name }: DnsQuestion, { host }: Target): DnsRecord {
    return { name, type: "CNAME", data: host, ttl: this.#options.ttl };
  }

  /** SRV records, weighted alike, and the addresses of what they name. */
  #services({ name }: DnsQuestion, found: readonly Target[]): DnsReply {
    const { ttl } = this.#options;
    const targets = found.filter((target) => !isAlias(target));
    const weight = Math.max(1, Math.floor(100 / targets.length));
    const answers: DnsRecord[] = [];
    const additionals: DnsRecord[] = [];
    const seen = new Set<string>();
    for (const { host, port, name: target } of targets) {
      if (port === NO_PORT) continue;
      if (addNew(seen, `${target}:${port}`)) {
        answers.push({ name, type: "SRV", data: { priority: 0, weight, port, target }, ttl });
      }
      if (addNew(seen, `${target} ${host}`)) {
        additionals.push({ name: target, type: "A", data: host, ttl });
      }
    }
    return { ...positive(answers), additionals };
  }

  /** What a lower-case name of the zone stands for: none is NODATA, null NXDOMAIN. */
  #find(name: string): Found {
    const { zone, pods } = this.#options;
    const asked = parseClusterName(name, zone);
    if (asked === null) return name === `ns.dns.${zone}` ? this.#nameServer() : null;
    if (asked.namespace === "") return [];
    if (!this.#objects.hasNamespace(asked.namespace)) return null;
    if (asked.service === "") return [];
    if (asked.kind === "pod") {
      const host = asked.service.replaceAll("-", ".");
      if (pods === "disabled" || !isIpv4(host)) return null;
      return [{ host, port: NO_PORT, name }];
    }
    const service = this.#objects.service(asked.namespace, asked.service);
    if (service === null) return null;
    const found = this.#targets(service, asked);
    return found.length === 0 ? null : found;
  }

  #targets(
    service: DnsService,
    asked: { readonly endpoint: string; readonly port: string; readonly protocol: string },
  ): Target[] {
    const { spec, metadata } = service;
    const name = `${metadata.name}.${metadata.namespace ?? "default"}.svc.${this.#options.zone}`;
    const { endpoint, port, protocol } = asked;
    const matches = (candidate: { name?: string | undefined; protocol?: string | undefined }) =>
      (port === "" || port === (candidate.name ?? "").toLowerCase()) &&
      (protocol === "" || protocol === (candidate.protocol ?? "TCP").toLowerCase());
    if (spec.type === "ExternalName") {
      const host = (spec.externalName ?? "").replace(/\.$/, "");
      const isPlain = endpoint === "" && port === "" && protocol === "";
      return isPlain && host !== "" && !isIpv4(host) ? [{ host, port: NO_PORT, name }] : [];
    }
    if (spec.clusterIP === "None" || endpoint !== "") {
      return this.#endpoints(service).flatMap(({ address, hostname, ports }) =>
        endpoint === "" || endpoint === hostname
          ? ports
              .filter(matches)
              .map((to) => ({ host: address, port: to.port, name: `${hostname}.${name}` }))
          : [],
      );
    }
    const addresses = spec.clusterIPs ?? (spec.clusterIP === undefined ? [] : [spec.clusterIP]);
    const ports = spec.ports === undefined || spec.ports.length === 0 ? [UNNAMED] : spec.ports;
    return ports
      .filter(matches)
      .flatMap((to) =>
        addresses.filter((host) => isIpv4(host)).map((host) => ({ host, port: to.port, name })),
      );
  }

  /** The ready endpoints of a Service, in the order of its slices. */
  #endpoints({ metadata }: DnsService) {
    return this.#objects
      .endpointSlices(metadata.namespace ?? "default", metadata.name)
      .flatMap((slice) => endpointsOf(slice));
  }

  /** `ns.dns.ZONE`, which the SOA record names: the cluster's DNS Service. */
  #nameServer(): Found {
    const service = this.#objects.service("kube-system", "kube-dns");
    const host = service?.spec.clusterIP ?? "";
    return isIpv4(host) ? [{ host, port: NO_PORT, name: `ns.dns.${this.#options.zone}` }] : null;
  }

  /** The Service with that ClusterIP, else the endpoints; what nobody has is forwarded. */
  #reverse(question: DnsQuestion): DnsReply | null {
    const match = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\.in-addr\.arpa$/i.exec(question.name);
    if (match === null) return null;
    const address = `${match[4]}.${match[3]}.${match[2]}.${match[1]}`;
    const names = this.#namesOf(address);
    if (names.length === 0) return null;
    if (question.type !== "PTR") return this.#negative(Rcode.NOERROR, REVERSE_ZONE);
    const { ttl } = this.#options;
    return positive(names.map((data) => ({ name: question.name, type: "PTR", data, ttl })));
  }

  #namesOf(address: string): string[] {
    const { zone } = this.#options;
    for (const { metadata, spec } of this.#objects.services()) {
      const addresses = spec.clusterIPs ?? [spec.clusterIP ?? ""];
      if (!addresses.includes(address)) continue;
      return [`${metadata.name}.${metadata.namespace ?? "default"}.svc.${zone}`];
    }
    const names = this.#objects.allEndpointSlices().flatMap((slice) => {
      const service = slice.metadata.labels?.[SERVICE_NAME_LABEL] ?? "";
      const domain = `${service}.${slice.metadata.namespace ?? "default"}.svc.${zone}`;
      return endpointsOf(slice)
        .filter((endpoint) => endpoint.address === address)
        .map(({ hostname }) => `${hostname}.${domain}`);
    });
    return [...new Set(names)];
  }

  #negative(rcode: Rcode, zone: string): DnsReply {
    return { ...positive([]), rcode, authorities: [this.#soa(zone)] };
  }

  #soa(zone: string): DnsRecord {
    return zoneAuthority(zone, this.#options.ttl, this.#options.serial);
  }
}

const UNNAMED = { name: "", protocol: "TCP", port: NO_PORT };

function positive(answers: readonly DnsRecord[]): DnsReply {
  return { ...emptyReply(Rcode.NOERROR), authoritative: true, answers };
}

function isAlias({ host }: Target): boolean {
  return !isIpv4(host);
}

function addNew(seen: Set<string>, key: string): boolean {
  if (seen.has(key)) return false;
  seen.add(key);
  return true;
}

/**
 * Ready endpoints with the name each has under its Service: the Pod's hostname, or its address
 * with dashes. A condition that is not given counts as ready.
 */
function endpointsOf(slice: DnsEndpointSlice) {
  const { ports, endpoints, addressType } = slice;
  if (addressType !== "IPv4") return [];
  const list = ports === null || ports === undefined || ports.length === 0 ? [UNNAMED] : ports;
  return (endpoints ?? [])
    .filter(({ conditions }) => conditions?.ready !== false)
    .flatMap(({ addresses, hostname }) =>
      addresses.map((address) => ({
        address,
        hostname:
          hostname === undefined || hostname === "" ? address.replaceAll(".", "-") : hostname,
        ports: list.map((port) => ({ ...port, port: port.port ?? NO_PORT })),
      })),
    );
}
