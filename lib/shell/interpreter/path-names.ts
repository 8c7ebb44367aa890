/**
 * Path name expansion: the files that a pattern stands for.
 *
 * Spec: POSIX.1-2017, Shell Command Language §2.13.3.
 */
import type { FileSystem } from "../files.ts";
import { matchesPattern } from "./pattern.ts";

/** The paths that fit, in order; none if no file does. */
export function pathNames(files: FileSystem, pattern: string): string[] {
  const isAbsolute = pattern.startsWith("/");
  const elements = pattern.split("/").filter((element) => element !== "");
  let found = [isAbsolute ? "/" : ""];
  for (const element of elements) {
    found = found.flatMap((path) => {
      const directory = path === "" ? files.directory : path;
      return entries(files, directory)
        .filter((name) => !name.startsWith(".") || element.startsWith("."))
        .filter((name) => matchesPattern(element, name))
        .map((name) => `${path === "" || path === "/" ? path : `${path}/`}${name}`);
    });
  }
  return elements.length === 0 ? [] : found;
}

/** The names in a directory, sorted. */
export function entries(files: FileSystem, directory: string): string[] {
  const prefix = directory.endsWith("/") ? directory : `${directory}/`;
  const names = [...files.paths(), ...files.directories()]
    .filter((path) => path.startsWith(prefix) && path.length > prefix.length)
    .map((path) => path.slice(prefix.length).split("/")[0] ?? "");
  return [...new Set(names)].sort();
}
