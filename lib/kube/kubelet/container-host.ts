/**
 * A container's view of its Pod: the Pod's network, but files and processes of its own.
 *
 * Kernel: mount and PID namespaces, 6.18.
 */
import type { Mac } from "../../base/mac.ts";
import type { NetDevice } from "../../link/device.ts";
import type { Namespace } from "../../net/namespace.ts";
import type { Netfilter } from "../../netfilter/netfilter.ts";
import type { FileSystem } from "../../shell/files.ts";
import type { ShellHost } from "../../shell/host.ts";
import { ProcessTable } from "../../shell/process-table.ts";

/** The host that a container's programs see. */
export class ContainerHost implements ShellHost {
  readonly files: FileSystem;
  readonly processes: ProcessTable;
  readonly #pod: ShellHost;

  /** The Pod's host, or the node's if the Pod has its network, is borrowed; `files` is taken. */
  constructor(pod: ShellHost, files: FileSystem) {
    this.#pod = pod;
    this.files = files;
    this.processes = new ProcessTable(pod.namespace.cpu, null, 1);
  }

  get name(): string {
    return this.#pod.name;
  }

  get namespace(): Namespace {
    return this.#pod.namespace;
  }

  get netfilter(): Netfilter {
    return this.#pod.netfilter;
  }

  get epochSeconds(): number {
    return this.#pod.epochSeconds;
  }

  findHost(name: string): ShellHost | null {
    return this.#pod.findHost(name);
  }

  hosts(): readonly ShellHost[] {
    return this.#pod.hosts();
  }

  macFor(deviceName: string): Mac {
    return this.#pod.macFor(deviceName);
  }

  deviceAdded(device: NetDevice): void {
    this.#pod.deviceAdded(device);
  }

  deviceRemoved(device: NetDevice): void {
    this.#pod.deviceRemoved(device);
  }
}
