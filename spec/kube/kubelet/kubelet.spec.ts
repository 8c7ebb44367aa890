import { expect } from "chai";
import { fromUtf8, utf8 } from "../../../lib/base/bytes.ts";
import { formatIpv4 } from "../../../lib/base/inet.ts";
import { NS_PER_S } from "../../../lib/base/units.ts";
import type { Pod } from "../../../lib/kube/api/types.ts";
import type { Container } from "../../../lib/kube/images/container.ts";
import type { ShellHost } from "../../../lib/shell/host.ts";
import { type Program, waitFor } from "../../../lib/sim/process.ts";
import { http, KubeletWorld } from "./world.ts";

function deployment(replicas: number, image = "web", container = "", spec = ""): string {
  return `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: ${image}, imagePullPolicy: IfNotPresent${container}}]${spec}}
`;
}

function podText(name: string, container: string, spec = ""): string {
  return `apiVersion: v1
kind: Pod
metadata: {name: ${name}, labels: {app: ${name}}}
spec: {containers: [{name: main, imagePullPolicy: IfNotPresent, ${container}}]${spec}}
`;
}

const SERVICE =
  "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {selector: {app: web}, ports: [{name: http, port: 80}]}\n";

/** A cluster that has settled. */
function cluster(nodes = 1): KubeletWorld {
  const world = new KubeletWorld(nodes);
  world.pass(3);
  return world;
}

/** The endpoints of Service web as `address ready serving terminating`. */
function endpoints(world: KubeletWorld): string[] {
  return world.server.store
    .list("EndpointSlice")
    .filter(({ metadata }) => metadata.labels?.["kubernetes.io/service-name"] === "web")
    .flatMap(({ endpoints: all }) => all ?? [])
    .map(({ addresses, conditions: { ready, serving, terminating } = {} }) =>
      [addresses[0], ready, serving, terminating].join(" "),
    );
}

/** Keeps what a Pod's status says at each write. */
function follow(world: KubeletWorld, words: (pod: Pod) => string): string[] {
  const seen: string[] = [];
  world.server.store.watch(({ object, type }) => {
    if (object.kind !== "Pod") return;
    const text = type === "DELETED" ? "deleted" : words(object as Pod);
    if (seen.at(-1) !== text) seen.push(text);
  });
  return seen;
}

const stateOf = (pod: Pod): string => {
  const [status] = pod.status.containerStatuses ?? [];
  const { waiting, running, terminated } = status?.state ?? {};
  const state =
    waiting?.reason ?? (running === undefined ? `${terminated?.reason ?? "-"}` : "running");
  return `${pod.status.phase} ${state} ${status?.ready === true ? "ready" : "not ready"}`;
};

describe("kube/kubelet/kubelet", () => {
  it("makes the Pods of a Deployment ready, on nodes that reach each other", () => {
    const world = cluster(2);

    world.apply(deployment(2));
    world.pass(8);
    const pods = world.pods();
    const [one, other] = pods;
    const answer = world.run(one?.metadata.name ?? "", `curl -s http://${other?.status.podIP}/`);

    expect(pods.map(({ status }) => `${status.phase} ${status.podIP}`)).to.deep.equal([
      "Running 10.244.0.2",
      "Running 10.244.1.2",
    ]);
    expect(answer).to.equal(other?.metadata.name);
  });

  it("writes a Pod's way to ready in three steps, with the events of its container", () => {
    const world = cluster();
    const seen = follow(world, stateOf);

    world.apply(podText("one", "image: web"));
    world.pass(5);

    expect(seen).to.deep.equal([
      "Pending - not ready",
      "Pending ContainerCreating not ready",
      "Running running ready",
    ]);
    expect(world.events("one")).to.deep.equal([
      "Normal Scheduled Successfully assigned default/one to node1",
      'Normal Pulling Pulling image "web"',
      'Normal Pulled Successfully pulled image "web" in 1.5s (1.5s including waiting).',
      "Normal Created Container created",
      "Normal Started Container started",
    ]);
  });

  it("says why a Pod is not ready yet", () => {
    const world = cluster();

    world.apply(podText("one", "image: web"));
    world.pass(0.5);

    expect(
      world
        .pod("one")
        .status.conditions?.map(({ type, status, reason, message }) =>
          [type, status, reason ?? "", message ?? ""].join(" ").trim(),
        ),
    ).to.deep.equal([
      "PodReadyToStartContainers False",
      "Initialized True",
      "Ready False ContainersNotReady containers with unready status: [main]",
      "ContainersReady False ContainersNotReady containers with unready status: [main]",
      "PodScheduled True",
    ]);
  });

  it("says of HTTPS what Go says of a server without it", () => {
    const world = cluster();
    world.programs.set("http", (container) => http(container, []));
    const probe = ", readinessProbe: {httpGet: {port: 80, scheme: HTTPS}, periodSeconds: 2}";
    world.apply(deployment(1, "http", probe));
    world.pass(8);
    const name = world.pods()[0]?.metadata.name ?? "";

    expect(world.events(name)).to.include(
      'Warning Unhealthy Readiness probe failed: Get "https://10.244.0.2:80/": http: server gave HTTP response to HTTPS client',
    );
  });

  it("probes readiness from the node and takes endpoints out and in again", () => {
    const world = cluster();
    const requests: string[] = [];
    world.programs.set("http", (container) => http(container, requests));
    world.apply(SERVICE);
    const probe = ", readinessProbe: {httpGet: {path: /healthz, port: 80}, periodSeconds: 2}";
    world.apply(deployment(1, "http", probe));
    world.pass(8);
    const name = world.pods()[0]?.metadata.name ?? "";
    const files = world.kubelets[0]?.findContainer("default", name)?.host.files;
    const before = endpoints(world);

    files?.write("/broken", utf8("1"));
    world.pass(8);
    const broken = endpoints(world);
    files?.remove("/broken");
    world.pass(3);

    expect(requests[0]).to.equal(
      "10.244.0.1 GET /healthz HTTP/1.1\r\nHost: 10.244.0.2:80\r\nUser-Agent: kube-probe/1.36\r\nAccept: */*\r\nConnection: close\r\n\r\n",
    );
    expect([before, broken, endpoints(world)]).to.deep.equal([
      ["10.244.0.2 true true false"],
      ["10.244.0.2 false false false"],
      ["10.244.0.2 true true false"],
    ]);
    expect(world.events(name)).to.include(
      "Warning Unhealthy Readiness probe failed: HTTP probe failed with statuscode: 503",
    );
  });

  it("restarts a container whose liveness probe fails", () => {
    const world = cluster();
    const probe =
      "image: sleep, livenessProbe: {tcpSocket: {port: 80}, periodSeconds: 1, failureThreshold: 2}";
    world.apply(podText("deaf", probe, ", terminationGracePeriodSeconds: 3"));

    world.pass(13);

    const [status] = world.pod("deaf").status.containerStatuses ?? [];
    expect(status?.restartCount).to.equal(1);
    expect(status?.lastState.terminated?.exitCode).to.equal(137);
    expect(world.events("deaf")).to.include.members([
      "Warning Unhealthy Liveness probe failed: dial tcp 10.244.0.2:80: connect: connection refused",
      "Normal Killing Container main failed liveness probe, will be restarted",
    ]);
  });

  it("keeps other probes back until the startup probe succeeds", () => {
    const world = cluster();
    const text = `image: sleep, startupProbe: {exec: {command: [cat, /started]}, periodSeconds: 1, failureThreshold: 30}`;
    world.apply(podText("slow", text));
    world.pass(8);
    const early = world.pod("slow").status.containerStatuses?.[0];
    world.kubelets[0]?.findContainer("default", "slow")?.host.files.write("/started", utf8(""));
    world.pass(2);

    expect([early?.started, early?.ready]).to.deep.equal([false, false]);
    expect(world.pod("slow").status.containerStatuses?.[0]?.ready).to.equal(true);
  });

  it("lets a Pod end by SIGTERM, then reports it, then deletes it", () => {
    const world = cluster();
    world.apply(SERVICE);
    world.apply(podText("web", "image: drain"));
    world.pass(5);
    const seen = follow(world, stateOf);

    world.kubectl("delete pod web --wait=false");
    world.pass(1);
    const ending = endpoints(world);
    world.pass(5);

    expect(ending).to.deep.equal(["10.244.0.2 false true true"]);
    expect(endpoints(world)).to.deep.equal([]);
    expect(seen).to.deep.equal([
      "Running running ready",
      "Succeeded Completed not ready",
      "deleted",
    ]);
    expect(world.events("web").at(-1)).to.equal("Normal Killing Stopping container main");
    expect(world.machine.find("web")).to.equal(null);
    expect(world.run("node1", "ip -br link show type veth").includes("veth")).to.equal(false);
  });

  it("kills what has not ended when the grace period is over", () => {
    const world = cluster();
    world.apply(podText("stubborn", "image: sleep", ", terminationGracePeriodSeconds: 4"));
    world.pass(5);
    const codes: (number | undefined)[] = [];
    world.server.store.watch(({ object }) => {
      const pod = object as Pod;
      const ended = pod.status?.containerStatuses?.[0]?.state.terminated;
      if (object.kind === "Pod" && ended !== undefined) codes.push(ended.exitCode);
    });

    world.kubectl("delete pod stubborn --wait=false");
    world.pass(3.9);
    const still = world.pods().length;
    world.pass(1);

    expect([still, world.pods().length]).to.deep.equal([1, 0]);
    expect(codes[0]).to.equal(137);
  });

  it("runs the preStop hook before SIGTERM", () => {
    const world = cluster();
    world.apply(podText("web", "image: web, lifecycle: {preStop: {sleep: {seconds: 3}}}"));
    world.pass(5);

    world.kubectl("delete pod web --wait=false");
    world.pass(2.8);
    const answer = world.run("node1", "curl -s http://10.244.0.2/");
    world.pass(2);

    expect(answer).to.equal("web");
    expect(world.pods()).to.deep.equal([]);
  });

  it("restarts a container that crashes at once, then after 10, 20 and 40 s", () => {
    const world = cluster();
    const starts: number[] = [];
    world.programs.set("crash", function* (): Program<number> {
      starts.push(world.machine.cpu.now);
      yield waitFor([], NS_PER_S / 10);
      return 3;
    });
    world.apply(podText("crash", "image: crash"));

    world.pass(60);
    const status = world.pod("crash").status.containerStatuses?.[0];
    world.pass(30);

    const gaps = starts
      .slice(1)
      .map((at, index) => Math.round((at - (starts[index] ?? 0)) / NS_PER_S));
    expect(gaps[0]).to.be.lessThan(2);
    expect(gaps.slice(1)).to.deep.equal([10, 20, 40]);
    expect(status?.state.waiting?.reason).to.equal("CrashLoopBackOff");
    expect(status?.state.waiting?.message).to.match(
      /^back-off 40s restarting failed container=main pod=crash_default\([0-9a-f-]+\)$/,
    );
    expect(status?.lastState.terminated?.exitCode).to.equal(3);
    expect(world.pod("crash").status.phase).to.equal("Running");
  });

  it("restarts a Pod's containers after kill -9, at the same address", () => {
    const world = cluster();
    world.apply(podText("web", "image: web"));
    world.pass(5);

    const found = world.kubelets[0]?.killPod("default/web");
    world.pass(3);

    const status = world.pod("web").status.containerStatuses?.[0];
    expect(found).to.equal(true);
    expect([status?.restartCount, status?.lastState.terminated?.exitCode]).to.deep.equal([1, 137]);
    expect(world.run("node1", "curl -s http://10.244.0.2/")).to.equal("web");
  });

  it("runs init containers one after the other, then ends with its containers", () => {
    const world = cluster();
    const order: string[] = [];
    world.programs.set("step", function* ({ name }: Container): Program<number> {
      order.push(name);
      yield waitFor([], NS_PER_S / 2);
      return 0;
    });
    const init =
      ", restartPolicy: Never, initContainers: [{name: a, image: step}, {name: b, image: step}]";
    world.apply(podText("job", "image: step", init));

    world.pass(15);

    const { phase, conditions, podIP } = world.pod("job").status;
    expect(order).to.deep.equal(["a", "b", "main"]);
    expect(phase).to.equal("Succeeded");
    expect(podIP).to.equal("10.244.0.2");
    expect(conditions?.find(({ type }) => type === "Ready")?.reason).to.equal("PodCompleted");
  });

  it("replaces Pods of a Deployment without losing the last ready one", () => {
    const world = cluster(2);
    world.programs.set("web2", (container) => http(container, []));
    world.apply(deployment(2));
    world.pass(8);
    let fewest = 9;
    world.server.store.watch(() => {
      const ready = world
        .pods()
        .filter(({ status }) =>
          status.conditions?.some((c) => c.type === "Ready" && c.status === "True"),
        );
      fewest = Math.min(fewest, ready.length);
    });

    world.apply(deployment(2, "web2"));
    world.pass(20);

    expect(world.pods().map(({ spec }) => spec.containers[0]?.image)).to.deep.equal([
      "web2",
      "web2",
    ]);
    expect(fewest).to.be.greaterThan(1);
  });

  it("tells containers of Services, of themselves, and of names", () => {
    const world = cluster();
    world.apply(SERVICE);
    world.apply(
      "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {COLOUR: red, page: hello}\n",
    );
    const seen: Container[] = [];
    world.programs.set("look", function* (container: Container): Program<number> {
      seen.push(container);
      yield waitFor([]);
      return 0;
    });
    world.pass(1);
    world.apply(
      podText(
        "one",
        `image: look, args: ["$(WHO)", "$$(WHO)"], envFrom: [{configMapRef: {name: settings}}], env: [{name: WHO, valueFrom: {fieldRef: {fieldPath: status.podIP}}}, {name: URL, value: "http://$(WEB_SERVICE_HOST)/"}], volumeMounts: [{name: pages, mountPath: /srv}]`,
        ", volumes: [{name: pages, configMap: {name: settings, items: [{key: page, path: index.html}]}}]",
      ),
    );
    world.pass(5);

    const [container] = seen;
    const service = world.server.store.get("Service", "default/web")?.spec.clusterIP;
    const text = (path: string): string =>
      fromUtf8(container?.host.files.read(path) ?? new Uint8Array(0));
    expect(container?.args).to.deep.equal(["10.244.0.2", "$(WHO)"]);
    expect(container?.env.get("URL")).to.equal(`http://${service}/`);
    expect(container?.env.get("COLOUR")).to.equal("red");
    expect([...(container?.env.keys() ?? [])].slice(0, 5)).to.deep.equal([
      "COLOUR",
      "page",
      "WHO",
      "URL",
      "KUBERNETES_SERVICE_HOST",
    ]);
    expect(container?.env.get("WEB_PORT_80_TCP")).to.equal(`tcp://${service}:80`);
    expect(container?.env.get("WEB_SERVICE_PORT_HTTP")).to.equal("80");
    expect(container?.env.get("KUBERNETES_SERVICE_HOST")).to.equal("10.96.0.1");
    expect(text("/srv/index.html")).to.equal("hello");
    expect(text("/etc/resolv.conf")).to.equal(
      "search default.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n",
    );
    expect(text("/etc/hosts").endsWith("\n10.244.0.2\tone\n")).to.equal(true);
    expect(formatIpv4(container?.pod.ip ?? 0)).to.equal("10.244.0.2");
  });

  it("gives Pods of a subdomain names in it, which the kernel knows if they say so", () => {
    const world = cluster();
    const hosts = new Map<string, ShellHost>();
    world.programs.set("look", function* (container: Container): Program<number> {
      hosts.set(container.pod.name, container.host);
      yield waitFor([]);
      return 0;
    });
    world.apply(podText("a", "image: look", ", hostname: one, subdomain: sub"));
    world.apply(podText("b", "image: look", ", subdomain: sub, setHostnameAsFQDN: true"));
    world.pass(5);

    const says = (name: string, command: string): string => world.runOn(hosts.get(name), command);
    expect(says("a", "hostname; hostname -f; hostname -d; uname -n")).to.equal(
      "one\none.sub.default.svc.cluster.local\nsub.default.svc.cluster.local\none\n",
    );
    expect(says("b", "hostname; hostname -s; hostname -f; hostname -i")).to.match(
      /^(b.sub.default.svc.cluster.local)\nb\n\1\n10.244.0.[0-9]+\n$/,
    );
  });

  it("numbers a container's processes from 1, which only signals with a handler reach", () => {
    const world = cluster();
    const hosts = new Map<string, ShellHost>();
    world.programs.set("look", function* (container: Container): Program<number> {
      hosts.set(container.pod.name, container.host);
      yield waitFor([container.termination.waitQueue]);
      return 3;
    });
    world.apply(podText("a", "image: look", ", restartPolicy: Never"));
    world.pass(5);

    expect(world.runOn(hosts.get("a"), "kill -9 1; ps -ef | head -2 | tail -1")).to.match(
      /^root +1 +0 /,
    );
    expect(world.pod("a").status.phase).to.equal("Running");
    world.runOn(hosts.get("a"), "kill 1");
    world.pass(5);
    expect(world.pod("a").status.containerStatuses?.[0]?.state?.terminated?.exitCode).to.equal(3);
  });

  it("keeps what is on a claim's volume for the next Pod, on whatever node it is", () => {
    const world = cluster(2);
    const hosts = new Map<string, ShellHost>();
    world.programs.set("look", function* (container: Container): Program<number> {
      hosts.set(container.pod.name, container.host);
      yield waitFor([]);
      return 0;
    });
    const mounts = "image: look, volumeMounts: [{name: v, mountPath: /data, subPath: sub}]";
    const claimed = ", volumes: [{name: v, persistentVolumeClaim: {claimName: c}}]";
    world.apply(
      "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: c}\nspec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}\n",
    );
    world.apply(podText("a", mounts, `${claimed}, nodeName: node1`));
    world.pass(5);
    world.runOn(hosts.get("a"), "echo kept > /data/file; mkdir /data/tmp");
    world.apply(podText("b", mounts, `${claimed}, nodeName: node2`));
    world.pass(5);

    expect(world.runOn(hosts.get("b"), "cat /data/file; ls /data")).to.equal("kept\nfile\ntmp\n");
    expect(world.runOn(hosts.get("a"), "ls /").split("\n")).to.include.members([
      "data",
      "etc",
      "usr",
    ]);
  });

  it("puts Pods of the host's network at the node's address", () => {
    const world = cluster();
    world.apply(podText("agent", "image: web", ", hostNetwork: true"));
    world.pass(5);

    expect(world.pod("agent").status.podIP).to.equal("172.18.0.2");
    expect(
      world.run("lan", "ip addr add 172.18.0.1/16 dev br0; curl -s http://172.18.0.2/"),
    ).to.equal("agent");
  });

  it("waits for an image that no registry has", () => {
    const world = cluster();
    world.apply(podText("lost", "image: does-not-exist"));
    world.pass(15);

    const state = world.pod("lost").status.containerStatuses?.[0]?.state.waiting;
    expect(state?.reason).to.equal("ImagePullBackOff");
    expect(world.pod("lost").status.phase).to.equal("Pending");
  });

  it("is missed when its node loses power", () => {
    const world = cluster(2);
    world.apply(deployment(2));
    world.pass(8);

    world.kubelets[1]?.powerOff();
    world.pass(60);

    const ready = world.server.store
      .list("Node")
      .map(({ status }) => status.conditions?.find(({ type }) => type === "Ready")?.status);
    expect(ready).to.deep.equal(["True", "Unknown"]);
  });

  it("starts its Pods anew, at other addresses, when the power is back", () => {
    const world = cluster();
    world.apply(podText("web", "image: web"));
    world.pass(5);

    world.kubelets[0]?.powerOff();
    world.pass(2);
    const whileOff = world.machine.find("web");
    world.startKubelet(0);
    world.pass(6);

    const { podIP, containerStatuses, phase } = world.pod("web").status;
    expect(whileOff).to.equal(null);
    expect([phase, podIP, containerStatuses?.[0]?.restartCount]).to.deep.equal([
      "Running",
      "10.244.0.3",
      1,
    ]);
  });

  it("keeps what containers print, of this run and the one before", () => {
    const world = cluster();
    let starts = 0;
    world.programs.set("talk", function* ({ log }: Container): Program<number> {
      starts += 1;
      log(`run ${starts}\n`);
      yield waitFor([], 2 * NS_PER_S);
      return 1;
    });
    world.apply(podText("talk", "image: talk"));
    world.pass(8);

    const logs = (previous: boolean) =>
      world.kubelets[0]?.logs("default/talk", "main", { previous })?.text;
    expect([logs(false), logs(true)]).to.deep.equal(["run 2\n", "run 1\n"]);
  });

  it("passes on what a container left in its file to say why it ended, or the end of its log", () => {
    const world = cluster();
    world.programs.set("talk", function* ({ host, log, name }: Container): Program<number> {
      log("first\nlast\n");
      if (name === "main") host.files.write("/dev/termination-log", utf8("no disk"));
      yield waitFor([], NS_PER_S);
      return 1;
    });
    const fallback = "terminationMessagePolicy: FallbackToLogsOnError";
    world.apply(`apiVersion: v1
kind: Pod
metadata: {name: talk}
spec:
  restartPolicy: Never
  containers:
    - {name: main, image: talk}
    - {name: other, image: talk, ${fallback}}
    - {name: quiet, image: talk}
`);
    world.pass(8);

    const { containerStatuses = [] } = world.pod("talk").status;
    expect(containerStatuses.map(({ state }) => state.terminated?.message)).to.deep.equal([
      "no disk",
      "first\nlast\n",
      undefined,
    ]);
  });
});
