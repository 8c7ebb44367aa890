/** A host whose relative paths begin in a directory: what `cd` makes of it for a shell's commands. */
import type { Mac } from "../base/mac.ts";
import type { NetDevice } from "../link/device.ts";
import type { Namespace } from "../net/namespace.ts";
import type { Netfilter } from "../netfilter/netfilter.ts";
import { absolutePath, FileSystem } from "./files.ts";
import type { ShellHost } from "./host.ts";
import type { ProcessTable } from "./process-table.ts";

/** The host (borrowed) as a program sees it whose working directory is `directory`. */
export function hostAt(host: ShellHost, directory: string): ShellHost {
  const base = host instanceof HostAt ? host.base : host;
  return base.files.directory === directory ? base : new HostAt(base, directory);
}

class HostAt implements ShellHost {
  readonly base: ShellHost;
  readonly files: FileSystem;

  constructor(base: ShellHost, directory: string) {
    this.base = base;
    this.files = new FilesAt(base.files, directory);
  }

  get name(): string {
    return this.base.name;
  }

  get namespace(): Namespace {
    return this.base.namespace;
  }

  get netfilter(): Netfilter {
    return this.base.netfilter;
  }

  get processes(): ProcessTable {
    return this.base.processes;
  }

  get epochSeconds(): number {
    return this.base.epochSeconds;
  }

  findHost(name: string): ShellHost | null {
    return this.base.findHost(name);
  }

  hosts(): readonly ShellHost[] {
    return this.base.hosts();
  }

  macFor(deviceName: string): Mac {
    return this.base.macFor(deviceName);
  }

  deviceAdded(device: NetDevice): void {
    this.base.deviceAdded(device);
  }

  deviceRemoved(device: NetDevice): void {
    this.base.deviceRemoved(device);
  }
}

/** The same files, named from another directory. */
class FilesAt extends FileSystem {
  readonly #base: FileSystem;

  constructor(base: FileSystem, directory: string) {
    super(directory);
    this.#base = base;
  }

  override read(path: string): Uint8Array | null {
    return this.#base.read(this.absolute(path));
  }

  override readText(path: string): string | null {
    return this.#base.readText(this.absolute(path));
  }

  override write(path: string, content: Uint8Array | string): void {
    this.#base.write(this.absolute(path), content);
  }

  override remove(path: string): boolean {
    return this.#base.remove(this.absolute(path));
  }

  override makeDirectory(path: string): void {
    this.#base.makeDirectory(this.absolute(path));
  }

  override removeDirectory(path: string): void {
    this.#base.removeDirectory(this.absolute(path));
  }

  override isDirectory(path: string): boolean {
    return this.#base.isDirectory(this.absolute(path));
  }

  override names(directory?: string): string[] {
    return this.#base.names(directory);
  }

  override directories(): string[] {
    return this.#base.directories();
  }

  override absolute(path: string): string {
    return absolutePath(path, this.directory);
  }
}
