/** What kubectl reads from a file: values, each with the way back to where they stand. */
import type { Place } from "../../base/errors.ts";
import type { FileSystem } from "../../shell/files.ts";
import type { FieldPath } from "../schema.ts";

/** One object of a file of manifests. */
export interface Manifest {
  /** Maps, lists and scalars as the file says them. */
  readonly value: Readonly<Record<string, unknown>>;
  /** Where a field stands, or the nearest around it. */
  readonly placeOf: (path: FieldPath) => Place;
}

/** A file: its objects as far as it can be read, and why not further. */
export interface KubectlFile {
  readonly manifests: readonly Manifest[];
  readonly problem: { readonly text: string; readonly place: Place } | null;
}

/** Reads a file of manifests by its name, or a text of the command line, which is called `name`. */
export interface ManifestFiles {
  (name: string, text?: string): KubectlFile;
  /** The files of the machine on which kubectl runs, if there is one. */
  readonly host?: FileSystem;
}
