/**
 * What the shell asks of a host on which commands are carried out, and what a command is given.
 * Whoever builds hosts (a lab, a cluster's node) offers it.
 */
import type { Mac } from "../base/mac.ts";
import type { NetDevice } from "../link/device.ts";
import type { Namespace } from "../net/namespace.ts";
import type { Netfilter } from "../netfilter/netfilter.ts";
import type { FileSystem } from "./files.ts";
import type { ProcessTable } from "./process-table.ts";

/** One host, as its root user meets it. */
export interface ShellHost {
  /** By which other hosts of the run name it in `netns NAME`; see `hostnameOf`. */
  readonly name: string;
  readonly namespace: Namespace;
  /** The one that is plugged into `namespace`. */
  readonly netfilter: Netfilter;
  readonly processes: ProcessTable;
  readonly files: FileSystem;
  /** Wall-clock time at virtual time 0, in whole seconds since 1970 (UTC). */
  readonly epochSeconds: number;

  /** The host of that name in the same run, or null: `ip link set DEV netns NAME`. */
  findHost(name: string): ShellHost | null;

  /** All hosts of the run by name, this one included, in the order in which they were made. */
  hosts(): readonly ShellHost[];

  /** The address for a new device to which the command gave none; the same in every run. */
  macFor(deviceName: string): Mac;

  /** A command has made this device, which is registered in `namespace`; captures may start. */
  deviceAdded(device: NetDevice): void;

  /** A command has deleted this device. */
  deviceRemoved(device: NetDevice): void;
}

/** What `uname -n` says: in a container the host's name is not the one by which labs know it. */
export function hostnameOf({ name, files }: ShellHost): string {
  return files.readText("/etc/hostname")?.trim() ?? name;
}

/** The device of that name, or null. */
export function findDevice({ namespace }: ShellHost, name: string): NetDevice | null {
  return namespace.devices.get(name) ?? null;
}

/** Where a command line reads and prints. Texts come as they are printed: not line by line. */
export interface CommandIo {
  /** All that stands in standard input, or null if nothing is connected to it. */
  readonly stdin: Uint8Array | null;
  stdout(text: string): void;
  stderr(text: string): void;
}
