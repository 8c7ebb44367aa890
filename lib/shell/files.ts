/**
 * The files of a host: a flat map from absolute path to bytes, enough for what labs keep in files
 * (rule texts, request bodies, outputs). Directories exist if a path names them, or since they were
 * made.
 *
 * Not modelled: permissions, links, devices.
 */
import { concatBytes } from "../base/bytes.ts";

/** Where a shell starts, and relative paths begin. */
const HOME = "/root";

/** What every root file system has. Spec: Filesystem Hierarchy Standard 3.0 §3. */
const STANDARD_DIRECTORIES: ReadonlySet<string> = new Set(
  "/ /bin /dev /etc /home /lib /proc /root /sbin /sys /tmp /usr /var".split(" "),
);

/** What a volume has at first: nothing. */
export const EMPTY_VOLUME: ReadonlySet<string> = new Set(["/"]);

/** One host's files. */
export class FileSystem {
  /** Where relative paths begin. */
  readonly directory: string;
  readonly #files = new Map<string, Uint8Array>();
  /** Those that are there without anything in them (borrowed). */
  readonly #standing: ReadonlySet<string>;
  readonly #made = new Set<string>();

  constructor(directory = HOME, standing = STANDARD_DIRECTORIES) {
    this.directory = directory;
    this.#standing = standing;
  }

  /** The path from the root. */
  absolute(path: string): string {
    return absolutePath(path, this.directory);
  }

  /** The bytes of a file (borrowed), or null if there is none. */
  read(path: string): Uint8Array | null {
    const name = this.absolute(path);
    if (name === "/dev/null") return new Uint8Array(0);
    return this.#files.get(name) ?? null;
  }

  /** Creates or replaces a file; takes `bytes`. */
  write(path: string, bytes: Uint8Array): void {
    const name = this.absolute(path);
    if (name !== "/dev/null") this.#files.set(name, bytes);
  }

  /** Adds to the end of a file, which is created if need be; copies. */
  append(path: string, bytes: Uint8Array): void {
    this.write(path, concatBytes([this.read(path) ?? new Uint8Array(0), bytes]));
  }

  /** Removes a file; returns false if there is none. */
  remove(path: string): boolean {
    return this.#files.delete(this.absolute(path));
  }

  /** Makes a directory, in which nothing is yet. */
  makeDirectory(path: string): void {
    this.#made.add(this.absolute(path));
  }

  /** Forgets a directory and those in it; files in them keep it there. */
  removeDirectory(path: string): void {
    const name = this.absolute(path);
    for (const made of this.#made) {
      if (made === name || made.startsWith(`${name}/`)) this.#made.delete(made);
    }
  }

  /** Whether the directory was made, or some file is below it. */
  isDirectory(path: string): boolean {
    const name = this.absolute(path);
    if (this.#standing.has(name) || this.#made.has(name)) return true;
    return this.names().some((file) => file.startsWith(`${name}/`));
  }

  /** Directories that were made, whatever is in them; sorted by code unit. */
  directories(): string[] {
    return [...this.#standing, ...this.#made].sort();
  }

  /** All paths, sorted by code unit. */
  paths(): string[] {
    return this.names().sort();
  }

  /** The same in no order in particular. */
  names(): string[] {
    return [...this.#files.keys()];
  }
}

/** The paths of all files below a directory. */
export function filesBelow(files: FileSystem, directory: string): string[] {
  const name = files.absolute(directory);
  return files.paths().filter((path) => path.startsWith(name === "/" ? "/" : `${name}/`));
}

/** Removes all that is in a directory, and the directory. */
export function removeTree(files: FileSystem, directory: string): void {
  for (const path of filesBelow(files, directory)) files.remove(path);
  files.removeDirectory(directory);
}

/** The path from the root, with `.`, `..` and doubled slashes resolved. */
export function absolutePath(path: string, directory = HOME): string {
  const parts: string[] = [];
  for (const part of (path.startsWith("/") ? path : `${directory}/${path}`).split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}
