/**
 * The objects that the files of a command line name, as kubectl's resource builder reads them:
 * what it refuses itself, before it asks the server.
 *
 * Spec: kubectl v1.36; cli-runtime pkg/resource (StreamVisitor).
 */

import type { FileSystem } from "../../shell/files.ts";
import { canonical } from "../api/names.ts";
import { definedResource, type Resource, resourceOf, storedKind } from "../api/resources.ts";
import type { ApiServer } from "../api/server.ts";
import type { NewObject } from "../api/types.ts";
import { isRecord } from "../schema.ts";
import { UsageError } from "./arguments.ts";
import type { Failures } from "./failures.ts";
import type { KubectlFile, Manifest, ManifestFiles } from "./manifest.ts";
import type { Output } from "./output.ts";

/** One object to do something with. */
export interface Info {
  readonly object: NewObject;
  readonly manifest: Manifest;
  readonly file: string;
}

/** Where the objects come from and what becomes of them. */
export interface InfoSource {
  readonly files: readonly string[];
  /** The namespace of objects that name none. */
  readonly namespace: string;
  readonly command: string;
  /** `delete` reads files without looking at their objects. */
  readonly unchecked?: boolean;
}

/** The objects of files; what is wrong with others goes to `failures`. */
export function readFiles(
  server: ApiServer,
  read: ManifestFiles,
  source: InfoSource,
  failures: Failures,
  output: Output,
): Info[] {
  const infos = source.files
    .flatMap((file) => pathsOf(file, read.host))
    .flatMap((file) => readInfos(server, read(file), { ...source, file }, failures, output));
  if (infos.length === 0 && failures.isEmpty) {
    failures.add(new UsageError(`no objects passed to ${source.command}`));
  }
  return infos;
}

/** The files that a path means: a directory stands for the manifests in it. */
export function pathsOf(path: string, host: FileSystem | undefined): readonly string[] {
  if (host === undefined || host.read(path) !== null || !host.isDirectory(path)) return [path];
  const directory = host.absolute(path);
  const files = host
    .paths(directory)
    .map((file) => file.slice(directory.length + 1))
    .filter((name) => !name.includes("/") && /\.(?:json|yaml|yml)$/.test(name));
  if (files.length > 0) return files.map((name) => `${path.replace(/\/$/, "")}/${name}`);
  throw new UsageError(
    `error reading [${path}]: recognized file extensions are [.json .yaml .yml]`,
  );
}

function readInfos(
  server: ApiServer,
  { manifests, problem }: KubectlFile,
  source: InfoSource & { readonly file: string },
  failures: Failures,
  output: Output,
): Info[] {
  const { file } = source;
  const infos: Info[] = [];
  const definitions = manifests.map(({ value }) => value).filter(isDefinition);
  const find: FindResource = (apiVersion, kind) =>
    definedResource(definitions, apiVersion, kind) ?? server.resourceOf(apiVersion, kind);
  for (const manifest of manifests) {
    const invalid = source.unchecked === true ? null : schemaProblem(manifest.value);
    if (invalid !== null) {
      failures.add(
        new UsageError(
          `error validating "${file}": error validating data: ${invalid}; if you choose to ignore these errors, turn validation off with --validate=false`,
        ),
      );
      output.note(manifest.placeOf([]));
      return infos;
    }
    const unknown = mappingProblem(manifest.value, file);
    if (unknown === null) {
      infos.push({ object: located(manifest, source.namespace, find), manifest, file });
    } else {
      failures.add(new UsageError(unknown));
      output.note(manifest.placeOf(["kind"]));
    }
  }
  if (problem !== null) {
    failures.add(new UsageError(`error parsing ${file}: ${problem.text}`));
    output.note(problem.place);
  }
  return infos;
}

type FindResource = (apiVersion: string, kind: string) => Resource | null;

function isDefinition(value: Manifest["value"]): boolean {
  return value?.["kind"] === "CustomResourceDefinition";
}

/** What the client checks before it leaves the rest to the server. */
function schemaProblem(value: Manifest["value"]): string | null {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return "invalid object to validate";
  }
  const problems = ["apiVersion", "kind"].flatMap((name) => {
    const field = value[name];
    if (field === undefined || field === null) return [`${name} not set`];
    return typeof field === "string" ? [] : [`${name} isn't string type`];
  });
  if (problems.length === 0) return null;
  return problems.length === 1 ? (problems[0] ?? null) : `[${problems.join(", ")}]`;
}

function mappingProblem(value: Manifest["value"], file: string): string | null {
  const { kind, apiVersion } = value;
  if (typeof kind !== "string" || kind === "") {
    return `unable to decode "${file}": Object 'Kind' is missing in '${canonical(value)}'`;
  }
  const version = typeof apiVersion === "string" ? apiVersion : "";
  if (resourceOf(version, kind) !== null) return null;
  const metadata = value["metadata"] as
    | { readonly name?: string; readonly namespace?: string }
    | undefined;
  return `resource mapping not found for name: "${metadata?.name ?? ""}" namespace: "${metadata?.namespace ?? ""}" from "${file}": no matches for kind "${kind}" in version "${version}"\nensure CRDs are installed first`;
}

/** The manifest as an object, in the namespace it is for. */
function located({ value }: Manifest, namespace: string, find: FindResource): NewObject {
  const written = value as unknown as NewObject;
  const object = { ...written, kind: storedKind(written.apiVersion, written.kind) };
  const resource = find(object.apiVersion, object.kind);
  const metadata: unknown = object.metadata ?? {};
  // What is no map goes to the server as it is.
  if (!isRecord(metadata)) return object;
  if (resource?.namespaced === false) return { ...object, metadata };
  const own = metadata["namespace"];
  const place = typeof own === "string" && own !== "" ? own : namespace;
  return { ...object, metadata: { ...metadata, namespace: place } };
}
