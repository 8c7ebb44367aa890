/** `kubectl rollout`: status, history, restart, pause, resume and undo. */

import { groupOf, qualifiedPlural } from "../api/resources.ts";
import type { ApiServer } from "../api/server.ts";
import type {
  ApiObject,
  ControllerRevision,
  DaemonSet,
  Deployment,
  PodTemplate,
  StatefulSet,
  StringMap,
} from "../api/types.ts";
import { OWN_ANNOTATIONS, REVISION } from "../controllers/deployment-sets.ts";
import { conditionOf } from "../controllers/pods.ts";
import { deepEqual } from "../deep-equal.ts";
import { controllerOf } from "../informer.ts";
import { keyOf } from "../store.ts";
import { LAST_APPLIED } from "./apply.ts";
import { type Arguments, UsageError } from "./arguments.ts";
import { layOut } from "./describe/rows.ts";
import { templateLines } from "./describe/template.ts";
import { withSpec } from "./edit.ts";
import type { Output } from "./output.ts";
import { nameOf, visitObjects } from "./select.ts";
import { formatTable } from "./table.ts";

const USER = "kubectl";

/** What a rollout command is called where a kind does not have it. */
const REFUSALS: ReadonlyMap<string, (object: ApiObject) => UsageError> = new Map([
  ["status", ({ kind }) => new UsageError(`no status viewer has been implemented for ${kind}`)],
  [
    "history",
    ({ kind, apiVersion }) =>
      new UsageError(
        `no history viewer has been implemented for {"${groupOf(apiVersion)}" "${kind}"}`,
      ),
  ],
  [
    "undo",
    ({ kind, apiVersion }) =>
      new UsageError(`no rollbacker has been implemented for {"${groupOf(apiVersion)}" "${kind}"}`),
  ],
  ["restart", (object) => problemWith(object, "restarting is not supported")],
  ["pause", (object) => problemWith(object, "pausing is not supported")],
  ["resume", (object) => problemWith(object, "resuming is not supported")],
]);
const ROLLS = new Set(["Deployment", "StatefulSet", "DaemonSet"]);

/** `kubectl rollout`. */
export function rollout(server: ApiServer, args: Arguments, output: Output): void {
  const [action = "", ...words] = args.words;
  const refusal = REFUSALS.get(action);
  if (refusal === undefined) {
    throw new UsageError(
      `unknown command "${action}"\nSee 'kubectl rollout -h' for help and examples`,
    );
  }
  if (words.length === 0) throw new UsageError("required resource not specified");
  // A type without names means all of that type.
  const flag = (name: string) => name === "all" || args.flag(name);
  visitObjects(server, { ...args, flag }, words, output, (object) => {
    const hasPause = action !== "pause" && action !== "resume";
    if (!ROLLS.has(object.kind) || !(hasPause || object.kind === "Deployment")) {
      throw refusal(object);
    }
    act(server, action, object, args, output);
  });
}

/** `deployments.apps "web" is already paused` */
function problemWith({ kind, metadata }: ApiObject, problem: string): UsageError {
  return new UsageError(`${qualifiedPlural(kind)} "${metadata.name}" ${problem}`);
}

function act(
  server: ApiServer,
  action: string,
  object: ApiObject,
  args: Arguments,
  output: Output,
): void {
  const isPaused = (object.spec as { readonly paused?: boolean }).paused === true;
  switch (action) {
    case "status":
      status(object, output);
      return;
    case "history":
      history(server, object, args, output);
      return;
    case "restart":
      if (isPaused) {
        throw problemWith(object, "can't restart paused deployment (run rollout resume first)");
      }
      restart(server, object);
      output.print(`${nameOf(object)} restarted`);
      return;
    case "pause":
    case "resume":
      if (isPaused === (action === "pause")) {
        throw problemWith(object, isPaused ? "is already paused" : "is not paused");
      }
      server.patch(
        object.kind,
        keyOf(object),
        (current) => withSpec(current, { paused: isPaused ? undefined : true }),
        USER,
      );
      output.print(`${nameOf(object)} ${action}d`);
      return;
    case "undo":
      warnOfApply(object, output);
      undo(server, object, args, output);
  }
}

function restart(server: ApiServer, object: ApiObject): void {
  change(server, object, (template) => ({
    ...template,
    metadata: {
      ...template.metadata,
      annotations: {
        ...template.metadata?.annotations,
        "kubectl.kubernetes.io/restartedAt": server.time,
      },
    },
  }));
}

/** What `rollout status` would print last, without waiting for more. */
function status(object: ApiObject, output: Output): void {
  const { name } = object.metadata;
  if (object.kind === "Deployment") {
    output.print(deploymentStatus(object as Deployment, name));
    return;
  }
  if (object.kind === "DaemonSet") {
    if ((object as DaemonSet).spec.updateStrategy.type !== "RollingUpdate") throw noStatus();
    output.print(daemonSetStatus(object as DaemonSet, name));
    return;
  }
  output.print(statefulSetStatus(object as StatefulSet));
}

/** With a strategy of rolling updates there is always a partition, if only 0. */
function statefulSetStatus({ metadata, spec, status: now }: StatefulSet): string {
  if (spec.updateStrategy.type !== "RollingUpdate") throw noStatus();
  if (isUnseen(metadata, now)) return "Waiting for statefulset spec update to be observed...";
  const { updatedReplicas = 0, readyReplicas = 0 } = now;
  if (readyReplicas < spec.replicas) {
    return `Waiting for ${spec.replicas - readyReplicas} pods to be ready...`;
  }
  const wanted = spec.replicas - (spec.updateStrategy.rollingUpdate?.partition ?? 0);
  return updatedReplicas < wanted
    ? `Waiting for partitioned roll out to finish: ${updatedReplicas} out of ${wanted} new pods have been updated...`
    : `partitioned roll out complete: ${updatedReplicas} new pods have been updated...`;
}

/** Whether the controller has not seen what an object asks for now. */
function isUnseen(
  { generation = 0 }: { readonly generation?: number | undefined },
  { observedGeneration = 0 }: { readonly observedGeneration?: number | undefined },
): boolean {
  return generation > observedGeneration;
}

function noStatus(): UsageError {
  return new UsageError("rollout status is only available for RollingUpdate strategy type");
}

function deploymentStatus({ spec, status: now, metadata }: Deployment, name: string): string {
  if (isUnseen(metadata, now)) return "Waiting for deployment spec update to be observed...";
  const { updatedReplicas = 0, replicas = 0, availableReplicas = 0 } = now;
  if (conditionOf(now.conditions, "Progressing")?.reason === "ProgressDeadlineExceeded")
    return `error: deployment "${name}" exceeded its progress deadline`;
  const waiting = `Waiting for deployment "${name}" rollout to finish:`;
  if (updatedReplicas < spec.replicas)
    return `${waiting} ${updatedReplicas} out of ${spec.replicas} new replicas have been updated...`;
  if (replicas > updatedReplicas)
    return `${waiting} ${replicas - updatedReplicas} old replicas are pending termination...`;
  if (availableReplicas < updatedReplicas)
    return `${waiting} ${availableReplicas} of ${updatedReplicas} updated replicas are available...`;
  return `deployment "${name}" successfully rolled out`;
}

function daemonSetStatus({ metadata, status: now }: DaemonSet, name: string): string {
  if (isUnseen(metadata, now)) return "Waiting for daemon set spec update to be observed...";
  const { updatedNumberScheduled = 0, desiredNumberScheduled, numberAvailable = 0 } = now;
  const waiting = `Waiting for daemon set "${name}" rollout to finish:`;
  if (updatedNumberScheduled < desiredNumberScheduled)
    return `${waiting} ${updatedNumberScheduled} out of ${desiredNumberScheduled} new pods have been updated...`;
  if (numberAvailable < desiredNumberScheduled)
    return `${waiting} ${numberAvailable} of ${desiredNumberScheduled} updated pods are available...`;
  return `daemon set "${name}" successfully rolled out`;
}

function history(server: ApiServer, object: ApiObject, args: Arguments, output: Output): void {
  const kind = object.kind === "Deployment" ? "ReplicaSet" : "ControllerRevision";
  const known = revisions(server, object, kind);
  const asked = args.option("revision");
  if (asked !== null && asked !== "0") {
    const found = known.find(({ number }) => number === Number(asked));
    if (found === undefined) throw new UsageError("unable to find the specified revision");
    output.print(`${nameOf(object)} with revision #${asked}`);
    const lines = layOut(["Pod Template:", ...templateLines(heldTemplate(found.holder))]);
    output.write(`${lines}\n`);
    return;
  }
  const rows = known.map(({ number, holder }) => [
    String(number),
    holder.metadata.annotations?.["kubernetes.io/change-cause"] ?? "<none>",
  ]);
  output.print(`${nameOf(object)} `);
  output.write(`${formatTable([["REVISION", "CHANGE-CAUSE"], ...rows], 2)}\n`);
}

function revisions(server: ApiServer, object: ApiObject, kind: string) {
  return server.store
    .list(kind)
    .filter((each) => controllerOf(each)?.uid === object.metadata.uid)
    .map((holder) => ({
      holder,
      number:
        kind === "ReplicaSet"
          ? Number(holder.metadata.annotations?.[REVISION] ?? 0)
          : (holder as ControllerRevision).revision,
    }))
    .sort((a, b) => a.number - b.number);
}

function undo(server: ApiServer, object: ApiObject, args: Arguments, output: Output): void {
  const kind = object.kind === "Deployment" ? "ReplicaSet" : "ControllerRevision";
  const known = revisions(server, object, kind);
  const wanted = Number(args.option("to-revision") ?? 0);
  const target = wanted === 0 ? known.at(-2) : known.find(({ number }) => number === wanted);
  if (target === undefined) throw noRevision(object, wanted);
  const template = oldTemplate(target.holder);
  const { template: present, paused } = object.spec as Deployment["spec"];
  if (paused === true) {
    throw new UsageError(
      "you cannot rollback a paused deployment; resume it first with 'kubectl rollout resume' and try again",
    );
  }
  if (deepEqual(template, present)) {
    output.print(
      `${nameOf(object)} skipped rollback (current template already matches revision ${wanted})`,
    );
    return;
  }
  const annotations = annotationsToRestore(object, target.holder);
  const restore = (current: ApiObject): ApiObject => {
    const changed = withSpec(current, { template });
    return { ...changed, metadata: { ...changed.metadata, annotations } };
  };
  server.patch(object.kind, keyOf(object), restore, USER);
  output.print(`${nameOf(object)} rolled back`);
}

/** What `apply` keeps of an object stays as it was before the rollback. */
function warnOfApply({ kind, metadata }: ApiObject, output: Output): void {
  if (metadata.annotations?.[LAST_APPLIED] === undefined) return;
  const [resource] = qualifiedPlural(kind).split(".");
  output.warn(
    `Warning: resource ${resource}/${metadata.name} was previously managed with 'kubectl apply'. Rolling back will not update the ${LAST_APPLIED} annotation, which may cause unexpected behavior on future 'kubectl apply' operations. Consider using 'kubectl apply' with your previous configuration file instead.`,
  );
}

/** A Deployment gets the annotations of the ReplicaSet back, but for those of their own. */
function annotationsToRestore(object: ApiObject, holder: ApiObject): StringMap | undefined {
  const { annotations } = object.metadata;
  if (object.kind !== "Deployment") return annotations;
  const own = Object.entries(annotations ?? {}).filter(([name]) => OWN_ANNOTATIONS.has(name));
  const restored = Object.entries(holder.metadata.annotations ?? {}).filter(
    ([name]) => !OWN_ANNOTATIONS.has(name),
  );
  return Object.fromEntries([...own, ...restored]);
}

function noRevision({ kind, metadata }: ApiObject, wanted: number): UsageError {
  if (wanted !== 0) return new UsageError(`unable to find specified revision ${wanted} in history`);
  return new UsageError(
    kind === "Deployment"
      ? `no rollout history found for deployment "${metadata.name}"`
      : "no last revision to roll back to",
  );
}

/** The template that a revision keeps, as it is kept. */
function heldTemplate(holder: ApiObject): PodTemplate {
  if (holder.kind === "ControllerRevision") {
    const { $patch: _patch, ...template } = (holder as ControllerRevision).data.spec.template;
    return template as unknown as PodTemplate;
  }
  return (holder.spec as { readonly template: PodTemplate }).template;
}

function oldTemplate(holder: ApiObject): PodTemplate {
  const template = heldTemplate(holder);
  if (holder.kind === "ControllerRevision") return template;
  const { "pod-template-hash": _hash, ...labels } = template.metadata?.labels ?? {};
  return { ...template, metadata: { ...template.metadata, labels } };
}

function change(
  server: ApiServer,
  object: ApiObject,
  next: (template: PodTemplate) => PodTemplate,
): void {
  server.patch(
    object.kind,
    keyOf(object),
    (current) => {
      const spec = current.spec as { readonly template: PodTemplate };
      return { ...current, spec: { ...spec, template: next(spec.template) } };
    },
    USER,
  );
}
