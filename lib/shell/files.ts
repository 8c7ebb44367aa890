/**
 * The files of a host: a flat map from absolute path to bytes, enough for what labs keep in files
 * (rule texts, request bodies, outputs). Directories exist if a path names them, or since they were
 * made.
 *
 * Not modelled: permissions, links, devices.
 */
import { concatBytes, fromUtf8, utf8 } from "../base/bytes.ts";

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
  /** Made for the first file: most hosts of a cluster never have one, as their containers have. */
  #files: Map<string, Uint8Array | string> | null = null;
  /** Directories that are there from the start (borrowed). */
  readonly #standing: ReadonlySet<string>;
  /** Those that were made; null until one is. */
  #made: Set<string> | null = null;

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
    const content = this.#files?.get(name) ?? null;
    if (typeof content !== "string") return content;
    const bytes = utf8(content);
    this.#files?.set(name, bytes);
    return bytes;
  }

  /** The text of a file, or null if there is none. */
  readText(path: string): string | null {
    const content = this.#files?.get(this.absolute(path));
    if (typeof content === "string") return content;
    const bytes = this.read(path);
    return bytes === null ? null : fromUtf8(bytes);
  }

  /** Creates or replaces a file; takes `bytes`. A text becomes bytes when it is first read. */
  write(path: string, content: Uint8Array | string): void {
    const name = this.absolute(path);
    if (name === "/dev/null") return;
    this.#files ??= new Map();
    this.#files.set(name, content);
  }

  /** Adds to the end of a file, which is created if need be; copies. */
  append(path: string, bytes: Uint8Array): void {
    this.write(path, concatBytes([this.read(path) ?? new Uint8Array(0), bytes]));
  }

  /** Removes a file; returns false if there is none. */
  remove(path: string): boolean {
    return this.#files?.delete(this.absolute(path)) === true;
  }

  /** Makes a directory, in which nothing is yet. */
  makeDirectory(path: string): void {
    this.#made ??= new Set();
    this.#made.add(this.absolute(path));
  }

  /** Forgets a directory and those in it; files in them keep it there. */
  removeDirectory(path: string): void {
    const name = this.absolute(path);
    for (const made of this.#made ?? []) {
      if (made === name || isBelow(made, name)) this.#made?.delete(made);
    }
  }

  /** Whether the directory was made, or some file is below it. */
  isDirectory(path: string): boolean {
    const name = this.absolute(path);
    if (this.#standing.has(name) || this.#made?.has(name) === true) return true;
    return this.names(name).length > 0;
  }

  /** Directories that were made, whatever is in them; sorted by code unit. */
  directories(): string[] {
    return [...this.#standing, ...(this.#made ?? [])].sort();
  }

  /** The paths of all files below a directory, sorted by code unit. */
  paths(directory = "/"): string[] {
    return this.names(this.absolute(directory)).sort();
  }

  /** The same in no order in particular; `directory` is a path from the root. */
  names(directory = "/"): string[] {
    const names: string[] = [];
    if (this.#files === null) return names;
    for (const name of this.#files.keys()) if (isBelow(name, directory)) names.push(name);
    return names;
  }
}

/** Whether a path leads into a directory; both are paths from the root. */
export function isBelow(path: string, directory: string): boolean {
  if (directory === "/") return true;
  return path.charAt(directory.length) === "/" && path.startsWith(directory);
}

/** Removes all that is in a directory, and the directory. */
export function removeTree(files: FileSystem, directory: string): void {
  for (const path of files.paths(directory)) files.remove(path);
  files.removeDirectory(directory);
}

/** The path from the root, with `.`, `..` and doubled slashes resolved. */
export function absolutePath(path: string, directory = HOME): string {
  if (isResolved(path)) return path;
  const parts: string[] = [];
  for (const part of (path.startsWith("/") ? path : `${directory}/${path}`).split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}

/** Whether nothing of a path is left to resolve; names that begin with a dot are looked at closely. */
function isResolved(path: string): boolean {
  return (
    path.startsWith("/") && !path.endsWith("/") && !path.includes("//") && !path.includes("/.")
  );
}
