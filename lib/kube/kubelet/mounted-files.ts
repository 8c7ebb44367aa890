/**
 * A container's files: its own, and at some directories those of a volume that other containers may
 * share.
 */
import { absolutePath, FileSystem, isBelow } from "../../shell/files.ts";

interface Mount {
  readonly path: string;
  readonly volume: FileSystem;
  /** The directory, or file, of the volume that is seen at `path`. */
  readonly root: string;
}

/** The files that volumes put into a container. */
export class MountedFiles extends FileSystem {
  readonly #mounts: Mount[] = [];

  /** Shows `root` of a volume (borrowed) at `path`. */
  mount(path: string, volume: FileSystem, root: string): void {
    this.#mounts.push({ path: absolutePath(path), volume, root: absolutePath(root) });
    this.#mounts.sort((a, b) => b.path.length - a.path.length);
  }

  override read(path: string): Uint8Array | null {
    const place = this.#place(path);
    return place === null ? super.read(path) : place.volume.read(place.name);
  }

  override readText(path: string): string | null {
    const place = this.#place(path);
    return place === null ? super.readText(path) : place.volume.readText(place.name);
  }

  override write(path: string, content: Uint8Array | string): void {
    const place = this.#place(path);
    if (place === null) super.write(path, content);
    else place.volume.write(place.name, content);
  }

  override remove(path: string): boolean {
    const place = this.#place(path);
    return place === null ? super.remove(path) : place.volume.remove(place.name);
  }

  override makeDirectory(path: string): void {
    const place = this.#place(path);
    if (place === null) super.makeDirectory(path);
    else place.volume.makeDirectory(place.name);
  }

  override removeDirectory(path: string): void {
    const place = this.#place(path);
    if (place === null) super.removeDirectory(path);
    else place.volume.removeDirectory(place.name);
  }

  override isDirectory(path: string): boolean {
    if (super.isDirectory(path)) return true;
    const place = this.#place(path);
    if (place === null) return false;
    const { volume, name } = place;
    const isRoot = this.#mounts.some((mount) => mount.path === this.absolute(path));
    return volume.isDirectory(name === "" ? "/" : name) || (isRoot && volume.read(name) === null);
  }

  override names(directory = "/"): string[] {
    const names = super.names(directory);
    for (const { path, volume, root } of this.#mounts) {
      if (path !== directory && !isBelow(path, directory) && !isBelow(directory, path)) continue;
      for (const name of volume.names()) {
        if (name !== root && !isBelow(name, root)) continue;
        const seen = `${path}${name.slice(root === "/" ? 0 : root.length)}`;
        if (isBelow(seen, directory)) names.push(seen);
      }
    }
    return names;
  }

  override directories(): string[] {
    const mounted = this.#mounts.flatMap(({ path, volume, root }) => [
      path,
      ...volume
        .directories()
        .filter((name) => isBelow(name, root) && name !== "/")
        .map((name) => `${path}${name.slice(root === "/" ? 0 : root.length)}`),
    ]);
    return [...super.directories(), ...mounted].sort();
  }

  #place(path: string): { readonly volume: FileSystem; readonly name: string } | null {
    const name = this.absolute(path);
    const mount = this.#mounts.find((each) => name === each.path || isBelow(name, each.path));
    if (mount === undefined) return null;
    const { volume, root } = mount;
    return { volume, name: `${root === "/" ? "" : root}${name.slice(mount.path.length)}` };
  }
}
