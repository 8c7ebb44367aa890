/** Files that a user names, read with errors that say what is wrong in one line. */
import { readFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { VethworkError } from "../lib/base/errors.ts";

const NUL = "\0";

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

/** The text of a file; `-` is standard input. Throws `VW_USAGE`. */
export function readInputText(path: string): string {
  return textOf(readInput(path), path);
}

/** The text that a file's bytes are in UTF-8. Throws `VW_USAGE` if they are none. */
export function textOf(bytes: Uint8Array, path: string): string {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let text = NUL;
  try {
    text = decoder.decode(bytes);
  } catch {
    // Bytes that are not UTF-8 are refused below, as NULs are.
  }
  if (!text.includes(NUL)) return text;
  throw new VethworkError("VW_USAGE", `"${path}" is not a text`, "in UTF-8");
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
