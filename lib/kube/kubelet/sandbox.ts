/**
 * A Pod's sandbox: its network namespace, its address, and the files that all its containers see.
 *
 * Spec: CRI v1 (RunPodSandbox, StopPodSandbox).
 */
import { formatIpv4, type Ipv4 } from "../../base/inet.ts";
import type { ShellHost } from "../../shell/host.ts";
import type { Pod } from "../api/types.ts";
import type { PodAttachment, PortMapping } from "../cni/pod-network.ts";
import type { KubeletContext } from "./context.ts";
import { hexDigest } from "./image-names.ts";
import type { PodVolumes } from "./volumes.ts";

/** A Pod's network namespace, plugged in. */
export class Sandbox {
  /** 64 hexadecimal digits. */
  readonly id: string;
  /** The Pod's namespace, or the node's of a Pod in the host's network. */
  readonly host: ShellHost;
  readonly address: Ipv4;
  /** The same as text. */
  readonly ip: string;
  /** What its containers mount. */
  readonly volumes: PodVolumes;
  readonly #context: KubeletContext;
  readonly #attachment: PodAttachment | null;

  /** Makes the namespace and connects it. Throws `CniError`; nothing is left then. */
  constructor(context: KubeletContext, pod: Pod, volumes: PodVolumes, attempt: number) {
    const { options, cluster } = context;
    const { name, namespace = "default", uid } = pod.metadata;
    this.#context = context;
    this.volumes = volumes;
    this.id = hexDigest(`sandbox ${uid} ${attempt} ${context.startedAt}`);
    if (pod.spec.hostNetwork === true) {
      this.host = options.host;
      this.address = options.address;
      this.ip = context.facts.hostIp;
      this.#attachment = null;
      return;
    }
    const hostName = namespace === "default" ? name : `${name}.${namespace}`;
    this.host = cluster.podHosts.addHost(hostName);
    this.#attachment = {
      sandboxId: this.id,
      namespace,
      name,
      portMappings: portMappings(pod),
      host: this.host,
    };
    try {
      this.address = options.network.add(this.#attachment);
      this.ip = formatIpv4(this.address);
    } catch (error) {
      cluster.podHosts.removeHost(this.host);
      throw error;
    }
  }

  /** Disconnects it and takes the namespace away. */
  remove(): void {
    if (this.#attachment === null) return;
    this.#context.options.network.remove(this.#attachment);
    this.#context.cluster.podHosts.removeHost(this.host);
  }
}

/** The host ports of a Pod, as the container runtime tells them to the network's plugins. */
function portMappings({ spec }: Pod): PortMapping[] {
  return [...(spec.initContainers ?? []), ...spec.containers].flatMap(({ ports = [] }) =>
    ports.flatMap(({ hostPort = 0, containerPort, protocol = "TCP", hostIP = "" }) =>
      hostPort === 0
        ? []
        : [{ hostPort, containerPort, protocol: protocol.toLowerCase(), hostIp: hostIP }],
    ),
  );
}
