/**
 * `kubectl apply -f`: creates what is not there and changes what is, with the manifest kept in an
 * annotation for the next time. `create -f` and `replace -f` do one of the two.
 *
 * Spec: kubectl v1.36, apply (client-side), create, replace.
 */

import { goEscaped, notFound } from "../api/errors.ts";
import { canonical } from "../api/names.ts";
import { resourceOf, writtenKind } from "../api/resources.ts";
import type { ApiServer } from "../api/server.ts";
import type { Json } from "../api/strategic-merge.ts";
import type { ApiObject, NewObject } from "../api/types.ts";
import { warningsOf } from "../api/warnings.ts";
import { objectKey } from "../store.ts";
import { type Arguments, UsageError } from "./arguments.ts";
import { dryRunOf, printDone } from "./done.ts";
import { Failures } from "./failures.ts";
import { warnOfEndpoints } from "./get.ts";
import { type Info, readFiles } from "./infos.ts";
import type { ManifestFiles } from "./manifest.ts";
import type { Output } from "./output.ts";
import { threeWayPatch } from "./three-way.ts";

/** The annotation in which `apply` keeps what it was last given. */
export const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";
const USER = "kubectl";

/** Files of manifests on a command line. */
export interface FileWork {
  readonly command: "apply" | "create" | "replace";
  readonly files: readonly string[];
  readonly args: Arguments;
}

/** Does the command for the manifests of the files; an error does not stop the next. */
export function carryOutFiles(
  server: ApiServer,
  read: ManifestFiles,
  work: FileWork,
  output: Output,
): void {
  const failures = new Failures();
  const { args, command, files } = work;
  const { namespace } = args;
  const infos = readFiles(server, read, { command, files, namespace }, failures, output);
  const dryRun = dryRunOf(args, output);
  const say: Say = (object, done) => printDone(output, args, object, `${done}${dryRun.suffix}`);
  for (const info of infos) {
    new ObjectWork(server, info, failures, output, { say, isDry: dryRun.isDry })[command]();
  }
  failures.print(output);
}

/** Says what has been done with an object. */
type Say = (object: NewObject, done: string) => void;

/** How a command tells what it does, and whether it only tells. */
interface Manner {
  readonly say: Say;
  readonly isDry: boolean;
}

/** What is done with one object. */
class ObjectWork {
  readonly #server: ApiServer;
  readonly #object: NewObject;
  readonly #file: string;
  readonly #failures: Failures;
  readonly #output: Output;
  readonly #manifest: Info["manifest"];
  readonly #key: string;
  readonly #manner: Manner;

  constructor(
    server: ApiServer,
    { object, manifest, file }: Info,
    failures: Failures,
    output: Output,
    manner: Manner,
  ) {
    this.#manner = manner;
    this.#server = server;
    this.#object = object;
    this.#manifest = manifest;
    this.#file = file;
    this.#failures = failures;
    this.#output = output;
    this.#key = objectKey(object.metadata.namespace, textOf(object.metadata.name));
  }

  apply(): void {
    const problem = nameProblem(this.#object);
    if (problem !== null) {
      const { text, isUnread } = problem;
      const doing = isUnread ? readingText(this.#object, this.#file) : null;
      this.#failures.add(new UsageError(text), doing);
      return;
    }
    const { kind } = this.#object;
    if (kind === "Endpoints") warnOfEndpoints(this.#output);
    const current = this.#server.find(kind, this.#key);
    if (current === null) {
      this.#create(withLastApplied(this.#object));
      return;
    }
    const patch = patchFor(current, this.#object);
    if (Object.keys(patch).length === 0) {
      this.#manner.say(current as unknown as NewObject, "unchanged");
      return;
    }
    this.#do(patchingText(current, patch, this.#file), "configured", () => {
      const next = this.#server.strategicPatch(kind, this.#key, patch, USER);
      this.#warn(next as unknown as NewObject, current);
      return next as unknown as NewObject;
    });
  }

  create(): void {
    this.#create(this.#object);
  }

  replace(): void {
    const { kind, metadata } = this.#object;
    this.#do(`error when replacing "${this.#file}"`, "replaced", () => {
      const current = this.#server.find(kind, this.#key);
      if (current === null) throw notFound(kind, metadata.name ?? "");
      const { uid, creationTimestamp, generation } = current.metadata;
      const next = {
        ...this.#object,
        metadata: { ...metadata, uid, creationTimestamp, generation },
      };
      return this.#server.update(next as unknown as ApiObject, USER) as unknown as NewObject;
    });
  }

  #create(object: NewObject): void {
    this.#do(`error when creating "${this.#file}"`, "created", () => {
      const made = this.#server.create(object, USER) as unknown as NewObject;
      this.#warn(made, null);
      return made;
    });
  }

  /** Does it, and says so; a dry run only says so. `act` returns what has become of the object. */
  #do(doing: string, done: string, act: () => NewObject): void {
    const { isDry, say } = this.#manner;
    const note: Parameters<Failures["collect"]>[2] = (path) =>
      this.#output.note(this.#manifest.placeOf(path));
    let object = this.#object;
    const attempt = () => {
      if (!isDry) object = act();
    };
    if (this.#failures.collect(doing, attempt, note)) say(object, done);
  }

  #warn(object: NewObject, old: ApiObject | null): void {
    for (const text of warningsOf(object, old)) this.#output.warn(`Warning: ${text}`);
  }
}

/** An object with the manifest in its annotation. */
function withLastApplied(object: NewObject): NewObject {
  const annotations = { ...object.metadata.annotations };
  delete annotations[LAST_APPLIED];
  const kind = writtenKind(object.apiVersion, object.kind);
  const applied = { ...object, kind, metadata: { ...object.metadata, annotations } };
  const text = `${goJson(applied)}\n`;
  return {
    ...object,
    metadata: {
      ...object.metadata,
      annotations: { ...object.metadata.annotations, [LAST_APPLIED]: text },
    },
  };
}

function patchFor(current: ApiObject, object: NewObject): Json {
  const text = current.metadata.annotations?.[LAST_APPLIED];
  const original = text === undefined ? {} : (JSON.parse(text) as Json);
  const modified = withLastApplied(object) as unknown as Json;
  return threeWayPatch(object.kind, original, modified, current as unknown as Json);
}

/** What is wrong with the name of an object to apply, and whether that is found in asking for it. */
function nameProblem({ metadata }: NewObject): { text: string; isUnread: boolean } | null {
  const { generateName = "" } = metadata;
  const name = textOf(metadata.name);
  if (name === "" && generateName !== "") {
    return { text: `from ${generateName}: cannot use generate name with apply`, isUnread: false };
  }
  if (name === "") return { text: "resource name may not be empty", isUnread: true };
  if (name === "." || name === "..") {
    return { text: `invalid resource name "${name}": [may not be '${name}']`, isUnread: true };
  }
  const bad = ["/", "%"].filter((letter) => name.includes(letter));
  if (bad.length === 0) return null;
  const list = bad.map((letter) => `may not contain '${letter}'`).join(" ");
  return { text: `invalid resource name "${name}": [${list}]`, isUnread: true };
}

function readingText(object: NewObject, file: string): string {
  return [
    "error when retrieving current configuration of:",
    infoText(object),
    `from server for: "${file}"`,
  ].join("\n");
}

/** What kubectl says it was doing when a patch failed. */
function patchingText(current: ApiObject, patch: Json, file: string): string {
  return [
    "error when applying patch:",
    goJson(patch),
    "to:",
    infoText(current),
    `for: "${file}": error when patching "${file}"`,
  ].join("\n");
}

function infoText({ apiVersion, kind, metadata }: NewObject | ApiObject): string {
  const [version = "", group = ""] = apiVersion.split("/").reverse();
  const plural = resourceOf(apiVersion, kind)?.plural ?? "";
  return [
    `Resource: "${group}/${version}, Resource=${plural}", GroupVersionKind: "${group}/${version}, Kind=${kind}"`,
    `Name: "${textOf(metadata.name)}", Namespace: "${textOf(metadata.namespace)}"`,
  ].join("\n");
}

/** A name that is one. */
function textOf(name: unknown): string {
  return typeof name === "string" ? name : "";
}

/** JSON as Go writes it: keys in order, `<`, `>` and `&` escaped. */
function goJson(value: unknown): string {
  return goEscaped(canonical(value));
}
