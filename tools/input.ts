/** Files that a user names, read with errors that say what is wrong in one line. */
import { readFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { fromUtf8 } from "../lib/base/bytes.ts";
import { VethworkError } from "../lib/base/errors.ts";

const REASONS: ReadonlyMap<string, string> = new Map([
  ["ENOENT", "there is no such file or folder"],
  ["EACCES", "permission denied"],
  ["EPERM", "operation not permitted"],
  ["EROFS", "the file system is read-only"],
  ["EISDIR", "it is a folder"],
  ["ENOTDIR", "a part of the path is no folder"],
  ["EEXIST", "it is there already"],
  ["ENOSPC", "no space is left"],
]);

/** Why a system call failed, in words. */
export function reasonOf(error: unknown): string {
  const { code = "", message } = error as NodeJS.ErrnoException;
  return REASONS.get(code) ?? message;
}

/** The bytes of a file; `-` is standard input. Throws `VW_USAGE`. */
export function readInput(path: string): Uint8Array {
  try {
    return readFileSync(path === "-" ? 0 : path);
  } catch (error) {
    throw new VethworkError("VW_USAGE", `cannot read "${path}"`, reasonOf(error));
  }
}

/** The text of a file. Throws `VW_USAGE`. */
export function readInputText(path: string): string {
  return fromUtf8(readInput(path));
}

/**
 * Reads files beside a lab: paths are relative to its folder and must not lead out of it. Null for
 * one that is not there.
 */
export function filesBeside(labPath: string): (path: string) => Uint8Array | null {
  const folder = resolve(dirname(labPath));
  return (path) => {
    const file = resolve(folder, path);
    if (relative(folder, file).startsWith("..")) return null;
    try {
      return readFileSync(file);
    } catch {
      return null;
    }
  };
}
