/**
 * The files of a host: a flat map from absolute path to bytes, enough for what labs keep in files
 * (rule texts, request bodies, outputs). Directories exist as far as paths name them.
 *
 * Not modelled: permissions, links, devices; a relative path is taken from `/root`.
 */
import { concatBytes } from "../base/bytes.ts";

/** Where a shell starts, and relative paths begin. */
const HOME = "/root";

/** One host's files. */
export class FileSystem {
  readonly #files = new Map<string, Uint8Array>();

  /** The bytes of a file (borrowed), or null if there is none. */
  read(path: string): Uint8Array | null {
    const name = absolutePath(path);
    if (name === "/dev/null") return new Uint8Array(0);
    return this.#files.get(name) ?? null;
  }

  /** Creates or replaces a file; takes `bytes`. */
  write(path: string, bytes: Uint8Array): void {
    const name = absolutePath(path);
    if (name !== "/dev/null") this.#files.set(name, bytes);
  }

  /** Adds to the end of a file, which is created if need be; copies. */
  append(path: string, bytes: Uint8Array): void {
    this.write(path, concatBytes([this.read(path) ?? new Uint8Array(0), bytes]));
  }

  /** Removes a file; returns false if there is none. */
  remove(path: string): boolean {
    return this.#files.delete(absolutePath(path));
  }

  /** Whether some file is below this directory. */
  isDirectory(path: string): boolean {
    const name = absolutePath(path);
    if (name === "/" || name === HOME || name === "/tmp") return true;
    return this.paths().some((file) => file.startsWith(`${name}/`));
  }

  /** All paths, sorted by code unit. */
  paths(): string[] {
    return [...this.#files.keys()].sort();
  }
}

/** The path from the root, with `.`, `..` and doubled slashes resolved. */
export function absolutePath(path: string): string {
  const parts: string[] = [];
  for (const part of (path.startsWith("/") ? path : `${HOME}/${path}`).split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}
