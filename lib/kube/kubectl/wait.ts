/**
 * What kubectl waits for: conditions and fields of objects, roll-outs, and objects that go.
 *
 * Spec: kubectl v1.36, cmd/wait, cmd/rollout/rollout_status, cmd/delete.
 * Differs: a waiting kubectl sees a write at once; its watch takes some milliseconds.
 */
import { parseDuration } from "../../base/units.ts";
import type { CommandStreams } from "../../shell/command.ts";
import { type Program, waitFor } from "../../sim/process.ts";
import { ApiError } from "../api/errors.ts";
import { resourceOf } from "../api/resources.ts";
import type { ApiServer } from "../api/server.ts";
import type { ApiObject, Condition } from "../api/types.ts";
import { keyOf } from "../store.ts";
import { type Arguments, filenames, UsageError } from "./arguments.ts";
import { pathsOf } from "./infos.ts";
import { evaluateJsonPath } from "./jsonpath.ts";
import { kubectl } from "./kubectl.ts";
import type { ManifestFiles } from "./manifest.ts";
import { nameOf, objectsOf, selections, selectObjects } from "./select.ts";
import { type KubectlSurroundings, printed } from "./surroundings.ts";

const WAIT_SECONDS = 30;
const DONE = /successfully rolled out$|rolling update complete|^partitioned roll out complete/;

/** Whether an object is as it is waited for; `null`: it is gone. */
type Predicate = (object: ApiObject | null) => boolean;

/** `kubectl wait`. */
export function* waitCommand(
  around: KubectlSurroundings,
  args: Arguments,
  io: CommandStreams,
): Program<number> {
  const { server } = around;
  let predicate: Predicate = () => true;
  let objects: ApiObject[] = [];
  const creates = args.option("for") === "create";
  const refused = printed(io, () => {
    predicate = predicateOf(args.option("for"));
    if (creates) return;
    objects = waitedFor(server, args);
    if (objects.length === 0) throw new UsageError("no matching resources found");
  });
  if (refused !== 0) return refused;
  const deadline = server.now + timeoutOf(args, WAIT_SECONDS);
  if (creates) return yield* awaitCreation(around, args, io, deadline);
  let status = 0;
  for (const object of objects) {
    const key = keyOf(object);
    const label = nameOf(object);
    const met = yield* until(around, deadline, () => predicate(same(server, object, key)));
    if (met) io.stdout(`${label} condition met\n`);
    else {
      const plural = resourceOf(object.apiVersion, object.kind)?.plural ?? object.kind;
      io.stderr(
        `error: timed out waiting for the condition on ${plural}/${object.metadata.name}\n`,
      );
      status = 1;
    }
  }
  return status;
}

/** `kubectl rollout status`: a line at each change, until the roll-out has ended. */
export function* rolloutStatus(
  { server, changes }: KubectlSurroundings,
  args: Arguments,
  io: CommandStreams,
): Program<number> {
  const words = ["rollout", ...args.words, "-n", args.namespace];
  const deadline = server.now + timeoutOf(args, 0);
  let last = "";
  for (;;) {
    const { stdout, stderr, exitCode } = kubectl(server, words, () => ({
      manifests: [],
      problem: null,
    }));
    if (exitCode !== 0) {
      io.stderr(stderr);
      return exitCode;
    }
    if (stdout.startsWith("error:")) {
      io.stderr(stdout);
      return 1;
    }
    if (stdout !== last) io.stdout(stdout);
    last = stdout;
    if (DONE.test(stdout.trimEnd())) return 0;
    if (server.now >= deadline) {
      io.stderr("error: timed out waiting for the condition\n");
      return 1;
    }
    yield waitFor([changes], deadline - server.now);
  }
}

/** The objects that a `delete` is about, before it happens. What is refused is left to it. */
export function targetsOf(server: ApiServer, args: Arguments, files: ManifestFiles): ApiObject[] {
  const names = filenames(args);
  try {
    if (names.length === 0) return selectObjects(server, args, args.words);
    const manifests = names
      .flatMap((name) => pathsOf(name, files.host))
      .flatMap((name) => files(name).manifests);
    return manifests.flatMap(({ value }) => {
      const { kind, apiVersion, metadata } = value as unknown as ApiObject;
      const namespaced = resourceOf(apiVersion, kind)?.namespaced !== false;
      const namespace = namespaced ? (metadata.namespace ?? args.namespace) : undefined;
      return server.find(kind, keyOf({ metadata: { name: metadata.name, namespace } })) ?? [];
    });
  } catch (error) {
    if (error instanceof ApiError || error instanceof UsageError) return [];
    throw error;
  }
}

/** Waits until none of the objects is there; the problem, or null. */
export function* awaitGone(
  around: KubectlSurroundings,
  objects: readonly ApiObject[],
  args: Arguments,
): Program<string | null> {
  const { server } = around;
  const deadline = server.now + timeoutOf(args, 0);
  for (const object of objects) {
    const key = keyOf(object);
    const gone = yield* until(around, deadline, () => same(server, object, key) === null);
    if (!gone) return `error: timed out waiting for the condition on ${nameOf(object)}`;
  }
  return null;
}

function* awaitCreation(
  around: KubectlSurroundings,
  args: Arguments,
  io: CommandStreams,
  deadline: number,
): Program<number> {
  const find = (): ApiObject[] => {
    try {
      return waitedFor(around.server, args);
    } catch (error) {
      if (error instanceof ApiError) return [];
      throw error;
    }
  };
  const met = yield* until(around, deadline, () => find().length > 0);
  if (!met) {
    io.stderr("error: timed out waiting for the condition\n");
    return 1;
  }
  for (const object of find()) io.stdout(`${nameOf(object)} condition met\n`);
  return 0;
}

function* until(
  { server, changes }: KubectlSurroundings,
  deadline: number,
  holds: () => boolean,
): Program<boolean> {
  while (!holds()) {
    const left = deadline - server.now;
    if (left <= 0) return false;
    yield waitFor([changes], left);
  }
  return true;
}

function waitedFor(server: ApiServer, args: Arguments): ApiObject[] {
  return selections(server, args.words).flatMap((selection) => objectsOf(server, selection, args));
}

/** The object as it is now; null if it has gone, even if another has its name. */
function same(server: ApiServer, { kind, metadata }: ApiObject, key: string): ApiObject | null {
  const now = server.find(kind, key);
  return now?.metadata.uid === metadata.uid ? now : null;
}

function predicateOf(text: string | null): Predicate {
  if (text === null) throw new UsageError("--for is required");
  if (text === "delete") return (object) => object === null;
  if (text === "create") return (object) => object !== null;
  const condition = /^condition=([^=]+)(?:=(.*))?$/.exec(text);
  if (condition !== null) {
    const [, type = "", status = "true"] = condition;
    return (object) => object !== null && hasCondition(object, type, status);
  }
  const path = /^jsonpath=(\{[^}]*\}|[^=]+)(?:=(.*))?$/s.exec(text);
  if (path !== null) {
    const [, expression = "", value] = path;
    return (object) => {
      if (object === null) return false;
      const found = evaluateJsonPath(object, expression);
      return value === undefined ? found.length > 0 : found.length === 1 && found[0] === value;
    };
  }
  throw new UsageError(`unrecognized condition: "${text}"`);
}

function hasCondition({ metadata, status }: ApiObject, type: string, wanted: string): boolean {
  const { conditions, observedGeneration } = (status ?? {}) as {
    readonly conditions?: readonly Condition[];
    readonly observedGeneration?: number;
  };
  const generation = metadata.generation ?? 0;
  if (observedGeneration !== undefined && observedGeneration < generation) return false;
  const found = conditions?.find((each) => each.type.toLowerCase() === type.toLowerCase());
  if (found === undefined) return false;
  if (found.observedGeneration !== undefined && found.observedGeneration < generation) return false;
  return found.status.toLowerCase() === wanted.toLowerCase();
}

/** In ns; 0 and none is for ever, less than 0 a week, as kubectl has them. */
export function timeoutOf(args: Arguments, seconds: number): number {
  const text = args.option("timeout");
  if (text === null) return seconds === 0 ? Number.POSITIVE_INFINITY : seconds * 1e9;
  if (text === "0" || text === "0s") return seconds === 0 ? Number.POSITIVE_INFINITY : 0;
  return text.startsWith("-") ? 7 * 86_400 * 1e9 : parseDuration(text);
}
