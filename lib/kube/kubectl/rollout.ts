/** `kubectl rollout`: status, history, restart, pause, resume and undo. */

import type { ApiServer } from "../api/server.ts";
import type {
  ApiObject,
  ControllerRevision,
  DaemonSet,
  Deployment,
  PodTemplate,
  StatefulSet,
} from "../api/types.ts";
import { REVISION } from "../controllers/deployment-sets.ts";
import { conditionOf } from "../controllers/pods.ts";
import { controllerOf } from "../informer.ts";
import { keyOf } from "../store.ts";
import { type Arguments, UsageError } from "./arguments.ts";
import type { Output } from "./output.ts";
import { nameOf, selectObjects } from "./select.ts";
import { formatTable } from "./table.ts";

const USER = "kubectl";

/** `kubectl rollout`. */
export function rollout(server: ApiServer, args: Arguments, output: Output): void {
  const [action = "", ...words] = args.words;
  for (const object of selectObjects(server, args, words))
    act(server, action, object, args, output);
}

function act(
  server: ApiServer,
  action: string,
  object: ApiObject,
  args: Arguments,
  output: Output,
): void {
  switch (action) {
    case "status":
      status(object, output);
      return;
    case "history":
      history(server, object, output);
      return;
    case "restart":
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
      output.print(`${nameOf(object)} restarted`);
      return;
    case "pause":
    case "resume": {
      const paused = action === "pause" ? true : undefined;
      server.patch(
        object.kind,
        keyOf(object),
        (current) => ({ ...current, spec: { ...(current as Deployment).spec, paused } }),
        USER,
      );
      output.print(`${nameOf(object)} ${action}d`);
      return;
    }
    case "undo":
      undo(server, object, args, output);
      return;
    default:
      throw new UsageError(`unknown command "rollout ${action}"`);
  }
}

/** What `rollout status` would print last, without waiting for more. */
function status(object: ApiObject, output: Output): void {
  const { name } = object.metadata;
  if (object.kind === "Deployment") {
    output.print(deploymentStatus(object as Deployment, name));
    return;
  }
  if (object.kind === "DaemonSet") {
    output.print(daemonSetStatus(object as DaemonSet, name));
    return;
  }
  const set = object as StatefulSet;
  const {
    updatedReplicas = 0,
    readyReplicas = 0,
    updateRevision = "",
    currentReplicas = 0,
  } = set.status;
  if (readyReplicas < set.spec.replicas) {
    output.print(`Waiting for ${set.spec.replicas - readyReplicas} pods to be ready...`);
    return;
  }
  if (set.status.updateRevision !== set.status.currentRevision) {
    output.print(
      `waiting for statefulset rolling update to complete ${updatedReplicas} pods at revision ${updateRevision}...`,
    );
    return;
  }
  output.print(
    `statefulset rolling update complete ${currentReplicas} pods at revision ${set.status.currentRevision ?? ""}...`,
  );
}

function deploymentStatus({ spec, status: now, metadata }: Deployment, name: string): string {
  if ((metadata.generation ?? 0) > (now.observedGeneration ?? 0))
    return "Waiting for deployment spec update to be observed...";
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

function daemonSetStatus({ status: now }: DaemonSet, name: string): string {
  const { updatedNumberScheduled = 0, desiredNumberScheduled, numberAvailable = 0 } = now;
  const waiting = `Waiting for daemon set "${name}" rollout to finish:`;
  if (updatedNumberScheduled < desiredNumberScheduled)
    return `${waiting} ${updatedNumberScheduled} out of ${desiredNumberScheduled} new pods have been updated...`;
  if (numberAvailable < desiredNumberScheduled)
    return `${waiting} ${numberAvailable} of ${desiredNumberScheduled} updated pods are available...`;
  return `daemon set "${name}" successfully rolled out`;
}

function history(server: ApiServer, object: ApiObject, output: Output): void {
  const kind = object.kind === "Deployment" ? "ReplicaSet" : "ControllerRevision";
  const rows = revisions(server, object, kind).map(({ number, holder }) => [
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
  if (target === undefined) {
    throw new UsageError(
      wanted === 0
        ? `no rollout history found for ${object.kind.toLowerCase()} "${object.metadata.name}"`
        : `unable to find specified revision ${wanted} in history`,
    );
  }
  change(server, object, () => oldTemplate(target.holder));
  output.print(`${nameOf(object)} rolled back`);
}

function oldTemplate(holder: ApiObject): PodTemplate {
  if (holder.kind === "ControllerRevision") {
    const { $patch: _patch, ...template } = (holder as ControllerRevision).data.spec.template;
    return template as unknown as PodTemplate;
  }
  const { template } = holder.spec as { readonly template: PodTemplate };
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
