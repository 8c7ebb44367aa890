/**
 * What a container is to the program in it. The kubelet makes one for each start of a container;
 * the image's program runs with it until it ends or is killed.
 *
 * Spec: OCI runtime specification (process: args, env, cwd), Kubernetes "Define a Command and
 * Arguments for a Container".
 */
import type { Ipv4 } from "../../base/inet.ts";
import type { ShellHost } from "../../shell/host.ts";
import type { WaitQueue } from "../../sim/process.ts";
import type { ApiObject, ContainerPort, NewObject } from "../api/types.ts";
import type { Informers } from "../informer.ts";

/** The Pod around a container, as far as programs know of it. */
export interface PodInfo {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  /** As `hostname` prints it in the Pod. */
  readonly hostname: string;
  readonly nodeName: string;
  readonly ip: Ipv4;
  readonly hostIp: Ipv4;
}

/** How the kubelet asks a program to end: SIGTERM now, SIGKILL when the grace period is over. */
export interface TerminationSignal {
  /** Whether SIGTERM has come. */
  readonly raised: boolean;
  /** Woken when it comes. */
  readonly waitQueue: WaitQueue;
}

/** One container, from its start to its end. */
export interface Container {
  readonly pod: PodInfo;
  readonly name: string;
  /** As the manifest writes it: `nginx`, `registry.k8s.io/e2e-test-images/agnhost:2.45`. */
  readonly image: string;
  /** What replaces the image's entry point; empty if the manifest has none. `$(VAR)`s are expanded. */
  readonly command: readonly string[];
  /** What replaces the image's arguments; empty if the manifest has none. `$(VAR)`s are expanded. */
  readonly args: readonly string[];
  /** Where relative paths begin; "" if the manifest leaves it to the image. */
  readonly workingDir: string;
  /** The environment, references resolved: the container's own, then Services. */
  readonly env: ReadonlyMap<string, string>;
  readonly ports: readonly ContainerPort[];
  /** The Pod's network namespace with its `/etc/hosts`, `/etc/resolv.conf` and mounted files. */
  readonly host: ShellHost;
  /** The API server as programs of the cluster see it: DNS and ingress controllers watch it. */
  readonly api: Informers;
  /** Sends an object with another status to the API server; nobody learns if it is refused. */
  updateStatus(object: ApiObject): void;
  /** Asks the API server for a new object; nobody learns if it is refused. */
  create(object: NewObject): void;
  readonly termination: TerminationSignal;
  /** What the program prints, which `kubectl logs` shows; any piece of text, not line by line. */
  log(text: string): void;
}
