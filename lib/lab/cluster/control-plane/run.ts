/**
 * A cluster with a control plane in a run: the API server with its controllers, and nodes with
 * kubelets, networks and kube-proxies. What a lab says of objects it says through kubectl.
 *
 * Not modelled: the frames between these programs and the API server.
 */
import { assert } from "../../../base/assert.ts";
import { formatIpv4, type Ipv4, ipv4 } from "../../../base/inet.ts";
import { NS_PER_MS, NS_PER_S, type Ns } from "../../../base/units.ts";
import type { NewObject } from "../../../kube/api/types.ts";
import { type ControlPlane, startControlPlane } from "../../../kube/control-plane.ts";
import { conditionOf } from "../../../kube/controllers/pods.ts";
import { kubectlCommand } from "../../../kube/kubectl/command.ts";
import { Readiness } from "../../../kube/readiness.ts";
import { keyOf } from "../../../kube/store.ts";
import { corednsObjects } from "../../../kube/system/coredns.ts";
import { ingressNginxObjects } from "../../../kube/system/ingress-nginx.ts";
import { type CommandSet, commandSet, layered } from "../../../shell/command-set.ts";
import { LAB_COMMANDS } from "../../../shell/commands.ts";
import type { ShellHost } from "../../../shell/host.ts";
import type { ShellSurroundings } from "../../../shell/shell.ts";
import { WaitQueue } from "../../../sim/process.ts";
import type { Host, Machine } from "../../build.ts";
import type { Clock } from "../../clock.ts";
import type { Lab } from "../../lab.ts";
import type { RelayReport } from "../../report.ts";
import type { Cluster, ControlPlaneSettings } from "../../schema/cluster.ts";
import { KUBECTL_HOST, type ObjectsStep, type RunStep } from "../../schema/step.ts";
import { kubectlStep } from "../../schema/steps.ts";
import type { ReadFile } from "../../setup.ts";
import { type ClusterPlan, planCluster } from "../plan.ts";
import { proxyConfiguration } from "../proxy-configuration.ts";
import { ClusterContainers, ContainerTable } from "./containers.ts";
import { doorsCommand } from "./doors.ts";
import { FirstRequestTap } from "./first-request.ts";
import { isFileName, ManifestFiles, tryManifests } from "./manifests.ts";
import { powerOff, type RunningNode, startNodes } from "./nodes.ts";
import { failures, lateWorkloads, pointsToKnow } from "./notes.ts";
import { ProxyLog } from "./proxy-log.ts";
import { podsNamed, type WorkloadName, workloadName } from "./targets.ts";
import { ClusterTimeline } from "./timeline.ts";

const API_PORT = 6443;
/** How often it is looked whether all is ready. */
const LOOK_NS: Ns = 100 * NS_PER_MS;
/** What is not ready after this time is reported. */
const NODES_LIMIT_NS: Ns = 60 * NS_PER_S;
const READY_LIMIT_NS: Ns = 600 * NS_PER_S;
/** Addresses of LoadBalancer Services begin here, from the end of the nodes' network: MetalLB's usual pool. */
const LOAD_BALANCERS_FROM_END = 57;

/** Where a command of the lab runs. */
export interface Target {
  /** As the report names it. */
  readonly name: string;
  readonly host: ShellHost;
  readonly surroundings: ShellSurroundings;
}

/** A cluster with a control plane, from its start to the end of the lab. */
export class ControlPlaneRun {
  readonly timeline = new ClusterTimeline();
  /** What the report points out. */
  readonly notes: string[] = [];
  readonly #cluster: Cluster;
  readonly #settings: ControlPlaneSettings;
  readonly #plan: ClusterPlan;
  readonly #files: ManifestFiles;
  readonly #system: readonly NewObject[];
  readonly #proxies = new ProxyLog();
  readonly #changes = new WaitQueue();
  #nodes: ReadonlyMap<string, RunningNode> = new Map();
  #running: Running | null = null;

  /** Reads and tries everything that the lab names; nothing happens yet. Throws `VethworkError`. */
  constructor(lab: Lab, cluster: Cluster, settings: ControlPlaneSettings, readFile: ReadFile) {
    this.#cluster = cluster;
    this.#settings = settings;
    this.#plan = planCluster(cluster);
    this.#files = new ManifestFiles(lab.file, readFile);
    this.#system = [
      ...(settings.dns ? corednsObjects(cluster.networking.serviceSubnet) : []),
      ...(settings.ingress ? ingressNginxObjects() : []),
    ];
    const files = settings.manifests.map((file) => this.#files.read(file));
    tryManifests(files, this.#system, cluster);
    for (const step of lab.steps) this.#files.readOf(step);
  }

  /** Starts everything; the clock stands still. */
  start(machine: Machine, clock: Clock): void {
    const { networking } = this.#cluster;
    const { nodeSubnet, podSubnet, serviceSubnet } = networking;
    const size = 2 ** (32 - nodeSubnet.prefixLength);
    const controlPlane = startControlPlane(machine.scheduler, machine.random, {
      serviceSubnet,
      podSubnet,
      nodeMaskSize: 24,
      epochSeconds: machine.epochSeconds,
      loadBalancers: ipv4(nodeSubnet.address + Math.max(0, size - LOAD_BALANCERS_FROM_END)),
    });
    const { store, server } = controlPlane;
    store.watch((event) => {
      this.timeline.write(machine.scheduler.now, event);
      this.#changes.wake();
    });
    const { controlPlane: own } = this.#plan;
    assert(own !== null, "a plan with a control plane");
    server.publish(formatIpv4(own.address), API_PORT);
    for (const object of this.#system) server.create(object, "kubeadm");
    const table = new ContainerTable();
    this.#nodes = startNodes({
      machine,
      containers: table,
      cluster: this.#cluster,
      addresses: new Map(this.#plan.nodes.map(({ name, address }) => [name, address])),
      controlPlane,
      configuration: proxyConfiguration(this.#cluster),
      onInvocation: (node, invocation) => {
        const entry = this.#proxies.add(machine.scheduler.now, node, invocation);
        if (entry !== null) this.timeline.add(machine.scheduler.now, ...entry);
      },
    });
    const containers = new ClusterContainers(this.#nodes, table);
    const kubectl = kubectlCommand({
      server,
      changes: this.#changes,
      pods: containers,
      readManifests: (text, file) => this.#files.manifestsIn(text, file),
    });
    const outside = new Set(this.#plan.hosts.map(({ name }) => name));
    const commands = commandSet("dash", [kubectl, doorsCommand(store, outside)], LAB_COMMANDS);
    const host = machine.find(own.name);
    assert(host !== null, `no host ${own.name}`);
    for (const { path, bytes } of this.#files.all) host.files.write(path, bytes);
    this.#running = { machine, clock, controlPlane, containers, commands, host };
    this.#noticeRequests(machine);
  }

  /** Lets time pass until the nodes are ready. */
  awaitNodes(): void {
    const { store } = this.#now().controlPlane;
    const isUp = (): boolean => {
      const nodes = store.list("Node");
      const ready = nodes.filter(
        ({ status }) => conditionOf(status.conditions, "Ready")?.status === "True",
      );
      return ready.length === this.#cluster.nodes.length;
    };
    this.#until(NODES_LIMIT_NS, isUp);
  }

  /** The commands that apply the lab's manifests; kubectl takes no file without objects. */
  firstSteps(): RunStep[] {
    return this.#settings.manifests
      .filter((file) => this.#files.read(file).manifests.length > 0)
      .map(({ value, place }) => kubectlStep(`apply -f ${value}`, place));
  }

  /** Lets time pass until the lab may go on, and notes what it should know. */
  awaitStart(): void {
    const { clock, controlPlane } = this.#now();
    const { start } = this.#settings;
    const readiness = new Readiness(controlPlane.store);
    if (start !== "ready") {
      clock.wait(start);
    } else if (!this.#until(READY_LIMIT_NS, () => readiness.isComplete())) {
      this.notes.push(...lateWorkloads(controlPlane.store, this.#files, READY_LIMIT_NS));
    } else {
      this.notes.push(...failures(controlPlane.store, this.#files));
    }
    this.notes.push(...pointsToKnow(controlPlane.store, this.#files));
  }

  /** The kubectl command that a step about objects is. */
  commandOf({ kind, file, place }: ObjectsStep): RunStep {
    const isObject =
      kind === "delete" && workloadName(file.value) !== null && !isFileName(file.value);
    if (!isObject) return kubectlStep(`${kind} -f ${file.value}`, place);
    const name = workloadName(file.value);
    assert(name !== null, file.value);
    return kubectlStep(`delete ${name.kind}/${name.name} -n ${name.namespace}`, place);
  }

  /** Where a command runs that is meant for `on`; a text that says why it runs nowhere. */
  find(on: string): Target | string {
    const { machine, commands, host } = this.#now();
    const shell = { commands, environment: new Map<string, string>() };
    if (on === KUBECTL_HOST) return { name: host.name, host, surroundings: shell };
    const name = workloadName(on);
    const plain = name === null ? on : name.kind === "node" ? name.name : null;
    if (plain !== null) {
      const found = machine.find(plain);
      if (found === null) return `there is no host "${plain}"`;
      return { name: plain, host: found, surroundings: shell };
    }
    assert(name !== null, on);
    return this.#findContainer(name);
  }

  /** A Pod's containers die, or a node's power fails; a text that says why nothing happened. */
  crash(target: string): string | null {
    const name = workloadName(target);
    assert(name !== null, target);
    const { controlPlane, machine } = this.#now();
    if (name.kind === "node") {
      const node = this.#nodes.get(name.name);
      if (node === undefined) return `there is no node "${name.name}"`;
      this.timeline.add(machine.scheduler.now, `node ${name.name}`, "power off", "", "");
      powerOff(node);
      return null;
    }
    const pods = podsNamed(controlPlane.server, name);
    if (typeof pods === "string") return pods;
    const [pod] = pods;
    assert(pod !== undefined, "the first of some Pods");
    const node = this.#nodes.get(pod.spec.nodeName ?? "");
    const label = `Pod ${keyOf(pod)}`;
    this.timeline.add(machine.scheduler.now, `node ${pod.spec.nodeName}`, "kill -9", label, "");
    return node?.kubelet.killPod(keyOf(pod)) === true ? null : `${label} does not run`;
  }

  /** What userspace mode has cost, by nodes; nothing in other modes. */
  relays(): RelayReport[] {
    if (this.#cluster.networking.kubeProxyMode !== "userspace") return [];
    return [...this.#nodes.values()].flatMap(({ name, proxy: { proxy } }) =>
      proxy === null ? [] : [{ node: name, ...proxy.node.counters }],
    );
  }

  /** Texts about the cluster, by file name. */
  texts(): Map<string, string> {
    const texts = this.#proxies.texts([...this.#nodes.keys()]);
    texts.set("timeline.txt", this.timeline.asText());
    texts.set("timeline.json", this.timeline.asJson());
    return texts;
  }

  #findContainer(name: WorkloadName): Target | string {
    const { controlPlane, containers, commands } = this.#now();
    const pods = podsNamed(controlPlane.server, name);
    if (typeof pods === "string") return pods;
    for (const pod of pods) {
      const run = containers.find(pod);
      if (run === null) continue;
      // What the image lacks is there all the same, as for somebody who enters the namespace.
      const own = containers.commandsOf(run);
      const all = own === null ? commands : layered(own, commands);
      const surroundings = { commands: all, environment: run.env };
      return { name: `pod/${pod.metadata.name}`, host: run.host, surroundings };
    }
    const [pod] = pods;
    const isEnding = pod?.metadata.deletionTimestamp !== undefined;
    const phase = isEnding ? "Terminating" : (pod?.status.phase ?? "Pending");
    return `no container of Pod "${pod?.metadata.name}" runs: it is ${phase}`;
  }

  #noticeRequests(machine: Machine): void {
    const own = new Set<Ipv4>(
      this.#plan.nodes.flatMap(({ address, gateway }) => [address, gateway]),
    );
    const others = new Set([...this.#plan.nodes, ...this.#plan.hosts].map(({ name }) => name));
    machine.listeners.push({
      deviceAdded: (host: Host, device) => {
        if (others.has(host.name) || device.name !== "eth0") return;
        new FirstRequestTap(device, own, (at, source) =>
          this.timeline.add(at, `Pod ${host.name}`, "first request", "", `from ${source}`),
        );
      },
      deviceRemoved: () => {},
    });
  }

  /** False if the time was up before it held. */
  #until(limit: Ns, holds: () => boolean): boolean {
    const { clock } = this.#now();
    const deadline = clock.now + limit;
    while (!holds()) {
      if (clock.now >= deadline) return false;
      clock.wait(LOOK_NS);
    }
    return true;
  }

  #now(): Running {
    assert(this.#running !== null, "the cluster has been started");
    return this.#running;
  }
}

/** What there is once a cluster has been started. */
interface Running {
  readonly machine: Machine;
  readonly clock: Clock;
  readonly controlPlane: ControlPlane;
  readonly containers: ClusterContainers;
  readonly commands: CommandSet;
  /** Where kubectl runs. */
  readonly host: Host;
}
