/** A cluster of emulated nodes with control plane and kubelets, for specs. */

import { fromUtf8, utf8 } from "../../../lib/base/bytes.ts";
import { ANY_ADDRESS, formatIpv4, ipv4, parseCidr, parseIpv4 } from "../../../lib/base/inet.ts";
import { NS_PER_S } from "../../../lib/base/units.ts";
import type { ApiServer } from "../../../lib/kube/api/server.ts";
import type { Pod } from "../../../lib/kube/api/types.ts";
import { BridgeNetwork } from "../../../lib/kube/cni/bridge-network.ts";
import { startControlPlane, WATCH_NS } from "../../../lib/kube/control-plane.ts";
import type { Container } from "../../../lib/kube/images/container.ts";
import { Informers } from "../../../lib/kube/informer.ts";
import { kubectl } from "../../../lib/kube/kubectl/kubectl.ts";
import type { Output } from "../../../lib/kube/kubectl/output.ts";
import type { KubeletOptions } from "../../../lib/kube/kubelet/context.ts";
import { Kubelet } from "../../../lib/kube/kubelet/kubelet.ts";
import { DEFAULT_LATENCIES, type KubeletLatencies } from "../../../lib/kube/kubelet/latencies.ts";
import { NodeWatch } from "../../../lib/kube/kubelet/node-watch.ts";
import { Machine } from "../../../lib/lab/build.ts";
import { RunningCommand } from "../../../lib/lab/command.ts";
import { readKubectlFile } from "../../../lib/lab/kubectl-files.ts";
import { DEFAULT_LAB_COSTS } from "../../../lib/lab/lab.ts";
import type { ShellHost } from "../../../lib/shell/host.ts";
import { runCommand } from "../../../lib/shell/shell.ts";
import { type Program, waitFor } from "../../../lib/sim/process.ts";
import { TcpListener } from "../../../lib/socket/tcp-listener.ts";
import { transportsOf } from "../../../lib/transport/stack.ts";

const FIRST_NODE = parseIpv4("172.18.0.2");

export class KubeletWorld {
  readonly machine = new Machine({
    seed: 1,
    epochSeconds: 946_684_800,
    costs: DEFAULT_LAB_COSTS,
    poison: true,
  });
  readonly server: ApiServer;
  readonly kubelets: Kubelet[] = [];
  readonly #options: KubeletOptions[] = [];
  /** Programs of containers, by image. */
  readonly programs = new Map<string, (container: Container) => Program<number>>([
    ["web", web],
    ["sleep", sleeper],
    ["drain", drain],
  ]);

  constructor(nodes: number, latencies: Partial<KubeletLatencies> = {}) {
    const { machine } = this;
    const { scheduler, random } = machine;
    const control = startControlPlane(scheduler, random);
    this.server = control.server;
    const watch = new NodeWatch(new Informers(scheduler, control.store, WATCH_NS));
    machine.addHost("lan");
    this.run("lan", "ip link add br0 type bridge; ip link set br0 up");
    for (let index = 0; index < nodes; index += 1) {
      const nodeName = `node${index + 1}`;
      const host = machine.addHost(nodeName);
      const address = ipv4(FIRST_NODE + index);
      this.run(
        nodeName,
        `ip link add eth0 type veth peer name p${index} netns lan; ip addr add 172.18.${(address >>> 8) & 255}.${address & 255}/16 dev eth0; ip link set eth0 up; sysctl -w net.bridge.bridge-nf-call-iptables=1`,
      );
      this.run("lan", `ip link set p${index} master br0; ip link set p${index} up`);
      this.#options.push({
        nodeName,
        host,
        address,
        network: new BridgeNetwork({
          host,
          nodeName,
          masqueradeOutside: parseCidr("10.244.0.0/16"),
        }),
        cluster: {
          server: this.server,
          watch,
          random,
          podHosts: machine,
          hasImage: (image) => image !== "does-not-exist",
          programOf: (container) => this.#programOf(container),
          execIn: (run, words, io) => runCommand(run.host, words.map(quoted).join(" "), io),
          latencies: { ...DEFAULT_LATENCIES, ...latencies },
          clusterDns: "10.96.0.10",
          clusterDomain: "cluster.local",
        },
      });
      this.startKubelet(index);
    }
  }

  /** Starts a node's kubelet, or a new one after the node was off. */
  startKubelet(index: number): void {
    const options = this.#options[index];
    if (options !== undefined) this.kubelets[index] = new Kubelet(options);
  }

  /** Runs a command line on a host and lets time pass until it has ended; what it printed. */
  run(host: string, line: string, seconds = 5): string {
    return this.runOn(this.machine.find(host) ?? undefined, line, seconds);
  }

  /** The same on a host that is not the machine's: a container. */
  runOn(host: ShellHost | undefined, line: string, seconds = 5): string {
    if (host === undefined) throw new Error("no such host");
    const command = new RunningCommand(host, line);
    const until = this.machine.cpu.now + seconds * NS_PER_S;
    const { scheduler } = this.machine;
    while (command.status === null && scheduler.nextTime <= until) scheduler.step();
    return command.stdout + command.stderr;
  }

  /** Applies a file of that text. */
  apply(text: string): Output {
    return kubectl(this.server, ["apply", "-f", "file.yaml"], (file) =>
      readKubectlFile(text, file),
    );
  }

  /** A command line without `kubectl`. */
  kubectl(line: string): string {
    return kubectl(this.server, line.split(" "), () => ({ manifests: [], problem: null })).stdout;
  }

  pass(seconds: number): void {
    const { scheduler } = this.machine;
    scheduler.runUntil(scheduler.now + Math.round(seconds * NS_PER_S));
  }

  pods(): readonly Pod[] {
    return this.server.store.list("Pod");
  }

  pod(name: string): Pod {
    const pod = this.server.store.get("Pod", `default/${name}`);
    if (pod === null) throw new Error(`no Pod ${name}`);
    return pod;
  }

  /** `type reason message` of each Event about a Pod. */
  events(name: string): string[] {
    return this.server.store
      .list("Event")
      .filter(({ involvedObject }) => involvedObject.name === name)
      .sort((a, b) => Number(a.metadata.resourceVersion) - Number(b.metadata.resourceVersion))
      .map(({ type, reason, message }) => `${type} ${reason} ${message}`);
  }

  #programOf(container: Container): Program<number> {
    const program = this.programs.get(container.image);
    if (program === undefined) throw new Error(`no program for ${container.image}`);
    return program(container);
  }
}

/** Answers each connection to port 80 with the Pod's name, until SIGTERM. */
export function* web(container: Container): Program<number> {
  return yield* http(container, []);
}

/** The same, but takes two seconds to end. */
function* drain(container: Container): Program<number> {
  yield* http(container, []);
  yield waitFor([], 2 * NS_PER_S);
  return 0;
}

/**
 * A web server that says 503 while there is a file `/broken`; `requests` gets each request with the
 * address that it came from.
 */
export function* http(
  { host, pod, termination, log }: Container,
  requests: string[],
): Program<number> {
  const listener = new TcpListener(transportsOf(host.namespace));
  listener.bind(ANY_ADDRESS, 80);
  listener.listen();
  log("listening\n");
  const serving = host.processes.spawn("http", serve(listener, host, pod.name, requests));
  try {
    while (!termination.raised) yield waitFor([termination.waitQueue]);
    return 0;
  } finally {
    serving.kill(9);
    listener.close();
  }
}

function* serve(
  listener: TcpListener,
  { files }: ShellHost,
  text: string,
  requests: string[],
): Program<number> {
  for (;;) {
    const client = yield* listener.accept();
    if (typeof client === "number") return 1;
    const bytes = yield* client.read(4096);
    if (typeof bytes !== "number")
      requests.push(`${formatIpv4(client.remote.address)} ${fromUtf8(bytes)}`);
    const status = files.read("/broken") === null ? "200 OK" : "503 Service Unavailable";
    const head = `HTTP/1.1 ${status}\r\nContent-Length: ${text.length}\r\nConnection: close\r\n\r\n`;
    yield* client.write(utf8(head + text));
    client.closeNow();
  }
}

/** Hears nothing of SIGTERM, as PID 1 without a handler. */
export function* sleeper(): Program<number> {
  yield waitFor([]);
  return 0;
}

/** A word as a shell takes it literally. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
