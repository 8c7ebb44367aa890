/**
 * The `coredns` image: the cluster's DNS server by its Corefile.
 *
 * Spec: CoreDNS 1.11, plugins kubernetes, forward, loadbalance, health, ready, errors; kubeadm's Corefile.
 * Differs: on nodes without a name server of their own there is nobody to forward to. The real one
 * fails then; here other names are denied, as a server of the world outside would deny them.
 * Not modelled: other plugins (they have no effect), several server blocks, `fallthrough` between
 * zones, reload of the Corefile.
 */
import { emptyReply, Rcode } from "../../apps/dns-message.ts";
import { dnsServer } from "../../apps/dns-server.ts";
import { type HttpReply, textReply } from "../../apps/http-service.ts";
import { parseResolvConf } from "../../apps/resolv-conf.ts";
import { fromUtf8 } from "../../base/bytes.ts";
import { type Ipv4, isIpv4, parseIpv4 } from "../../base/inet.ts";
import { NS_PER_S, type Ns, parseDuration } from "../../base/units.ts";
import { appHost, resolverFiles } from "../../shell/app.ts";
import type { CommandContext } from "../../shell/command.ts";
import { type Program, sleep } from "../../sim/process.ts";
import { ClusterDns, type ClusterDnsOptions, KUBEADM_DNS } from "../dns.ts";
import { objectsOf } from "./cluster-objects.ts";
import type { Container } from "./container.ts";
import { serveGo } from "./go-server.ts";
import { untilSignal } from "./signals.ts";

/** Of the plugin prometheus. */
const METRICS_PORT = 9153;
const COREFILE = "/etc/coredns/Corefile";

/** What an upstream says of a name that nobody has. */
const NO_SUCH_NAME = { ...emptyReply(Rcode.NXDOMAIN), recursionAvailable: true };

/** What a Corefile asks for. */
export interface CorednsSettings {
  readonly port: number;
  readonly dns: ClusterDnsOptions;
  /** Where other names are asked for: addresses, or a `resolv.conf`. */
  readonly forward: readonly string[];
  /** The plugin loadbalance: several addresses come in a random order. */
  readonly shuffles: boolean;
  readonly lameduckNs: Ns;
}

/** The Corefile that kubeadm writes. */
const KUBEADM_SETTINGS: CorednsSettings = {
  port: 53,
  dns: KUBEADM_DNS,
  forward: ["/etc/resolv.conf"],
  shuffles: true,
  lameduckNs: 5 * NS_PER_S,
};

/** Reads the settings out of a Corefile's first server block. */
export function parseCorefile(text: string): CorednsSettings {
  const lines = text.split("\n").map((line) => line.replace(/#.*/, "").trim().split(/\s+/));
  const find = (name: string): readonly string[] | null =>
    lines.find(([first]) => first === name)?.slice(1) ?? null;
  const kubernetes = find("kubernetes");
  const [zone = KUBEADM_DNS.zone] = kubernetes ?? [];
  const port = /(?:^|:)([0-9]+)\s*\{/.exec(text)?.[1] ?? "53";
  const [, ...targets] = find("forward") ?? [];
  const lameduck = find("lameduck")?.[0];
  return {
    port: Number(port),
    dns: {
      zone: zone.replace(/\.$/, ""),
      ttl: Number(find("ttl")?.[0] ?? 5),
      pods: find("pods")?.[0] === "insecure" ? "insecure" : "disabled",
      serial: 0,
    },
    forward: targets.filter((word) => word !== "{"),
    shuffles: find("loadbalance") !== null,
    lameduckNs: lameduck === undefined ? 0 : parseDuration(lameduck),
  };
}

/** The program `coredns`. */
export function* coredns({ api }: Container, context: CommandContext): Program<number> {
  const { files, processes } = context.host;
  const corefile = files.read(COREFILE);
  const settings = corefile === null ? KUBEADM_SETTINGS : parseCorefile(fromUtf8(corefile));
  const app = appHost(context);
  const spawn = (name: string, program: Program<number>) => processes.spawn(name, program);
  const server = dnsServer(app, {
    port: settings.port,
    backend: new ClusterDns(objectsOf(api), settings.dns),
    upstreams: upstreamsOf(context, settings.forward),
    unknown: NO_SUCH_NAME,
    shuffles: settings.shuffles,
    spawn,
  });
  spawn("coredns", server);
  const healthy = () => textReply("OK");
  for (const port of [8080, 8181]) if (!serveGo(context, port, healthy)) return 1;
  if (!serveGo(context, METRICS_PORT, metrics)) return 1;
  context.io.stdout(`.:${settings.port}\nCoreDNS-1.11.3\nlinux/amd64\n`);
  yield* untilSignal(context.signal);
  context.io.stdout("[INFO] SIGTERM: Shutting down servers then terminating\n");
  if (settings.lameduckNs > 0) yield sleep(settings.lameduckNs);
  return 0;
}

/** The first of CoreDNS's metrics: there are no counters behind the others here. */
function metrics(): HttpReply {
  const text = `# HELP coredns_build_info A metric with a constant '1' value labeled by version, revision, and goversion from which CoreDNS was built.
# TYPE coredns_build_info gauge
coredns_build_info{goversion="go1.21.11",revision="a6338e9",version="1.11.3"} 1
`;
  return textReply(text, [["Content-Type", "text/plain; version=0.0.4; charset=utf-8"]]);
}

/** A loopback name server would be this server itself, and is left out. */
function upstreamsOf({ host }: CommandContext, forward: readonly string[]): Ipv4[] {
  const conf = resolverFiles(host).resolvConf;
  return forward.flatMap((target): readonly Ipv4[] => {
    if (target.startsWith("/")) {
      return conf === null
        ? []
        : parseResolvConf(conf).nameservers.filter((one) => one >>> 24 !== 127);
    }
    return isIpv4(target) ? [parseIpv4(target)] : [];
  });
}
