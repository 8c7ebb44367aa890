/**
 * `kubectl apply -f`: creates what is not there and changes what is, with the manifest kept in an
 * annotation for the next time.
 *
 * Spec: kubectl v1.36, apply (client-side).
 */
import { ApiError } from "../api/errors.ts";
import { canonical } from "../api/names.ts";
import { qualifiedKind, resourceOf } from "../api/resources.ts";
import type { ApiServer } from "../api/server.ts";
import type { ApiObject, NewObject } from "../api/types.ts";
import { objectKey } from "../store.ts";
import type { Manifest } from "./manifest.ts";
import { mergeThreeWay } from "./merge.ts";
import type { Output } from "./output.ts";

export const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";
const USER = "kubectl";

/** Applies the manifests of a file one after the other; an error does not stop the next. */
export function apply(
  server: ApiServer,
  manifests: readonly Manifest[],
  file: string,
  namespace: string,
  output: Output,
): void {
  for (const manifest of manifests) {
    const problem = manifestProblem(manifest, file);
    if (problem !== null) {
      output.fail(problem);
      output.note(manifest.placeOf(["kind"]));
    } else applyOne(server, manifest, file, namespace, output);
  }
}

function applyOne(
  server: ApiServer,
  manifest: Manifest,
  file: string,
  namespace: string,
  output: Output,
): void {
  const object = located(manifest, namespace);
  const label = `${qualifiedKind(object.apiVersion, object.kind)}/${object.metadata.name ?? ""}`;
  const key = objectKey(object.metadata.namespace, object.metadata.name ?? "");
  const current = server.find(object.kind, key);
  try {
    if (object.kind === "Endpoints") {
      output.warn(
        "Warning: v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
      );
    }
    if (current === null) {
      server.create(withLastApplied(object), USER);
      output.print(`${label} created`);
      return;
    }
    const next = server.patch(object.kind, key, (present) => merged(present, object), USER);
    output.print(`${label} ${next === current ? "unchanged" : "configured"}`);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const doing =
      current === null ? `error when creating "${file}"` : `error when patching "${file}"`;
    output.fail(
      error.reason === "Invalid"
        ? error.message
        : `Error from server (${error.reason}): ${doing}: ${error.message}`,
    );
    const [field] = error.fields;
    output.note(manifest.placeOf(field?.path ?? []));
  }
}

/** The manifest as an object, in the namespace it is for. */
function located({ value }: Manifest, namespace: string): NewObject {
  const object = value as unknown as NewObject;
  const resource = resourceOf(object.apiVersion, object.kind);
  if (resource?.namespaced === false) return object;
  return {
    ...object,
    metadata: { ...object.metadata, namespace: object.metadata?.namespace ?? namespace },
  };
}

function withLastApplied(object: NewObject): NewObject {
  const annotations = { ...object.metadata.annotations };
  delete annotations[LAST_APPLIED];
  const applied = { ...object, metadata: { ...object.metadata, annotations } };
  const text = `${canonical(applied)}\n`;
  return {
    ...object,
    metadata: {
      ...object.metadata,
      annotations: { ...object.metadata.annotations, [LAST_APPLIED]: text },
    },
  };
}

function merged(present: ApiObject, object: NewObject): ApiObject {
  const text = present.metadata.annotations?.[LAST_APPLIED];
  const original = text === undefined ? {} : (JSON.parse(text) as Record<string, unknown>);
  const modified = withLastApplied(object);
  return mergeThreeWay(
    object.kind,
    original,
    modified as unknown as Record<string, unknown>,
    present as unknown as Record<string, unknown>,
  ) as unknown as ApiObject;
}

/** What kubectl itself refuses, before it asks the server. */
function manifestProblem({ value }: Manifest, file: string): string | null {
  const { kind, apiVersion } = value;
  const json = canonical(value);
  if (typeof kind !== "string" || kind === "") {
    return `error: unable to decode "${file}": Object 'Kind' is missing in '${json}'`;
  }
  if (typeof apiVersion !== "string" || apiVersion === "") {
    return `error: unable to decode "${file}": Object 'apiVersion' is missing in '${json}'`;
  }
  if (resourceOf(apiVersion, kind) !== null) return null;
  const metadata = value["metadata"] as
    | { readonly name?: string; readonly namespace?: string }
    | undefined;
  return `error: resource mapping not found for name: "${metadata?.name ?? ""}" namespace: "${metadata?.namespace ?? ""}" from "${file}": no matches for kind "${kind}" in version "${apiVersion}"\nensure CRDs are installed first`;
}
