/**
 * The objects of `kubectl create KIND NAME`, beside Deployments and Namespaces.
 *
 * Spec: kubectl v1.36, cmd/create.
 */

import type { FileSystem } from "../../shell/files.ts";
import type { ApiServer } from "../api/server.ts";
import type { ApiObject, NewObject } from "../api/types.ts";
import { fieldAt, textsAt } from "../field-at.ts";
import { type Arguments, UsageError } from "./arguments.ts";
import { accessObject } from "./generate-access.ts";
import { certificate, configMapData, dataFrom, encoded, registryConfig } from "./generate-data.ts";
import { objectsOf, selections } from "./select.ts";

/** What the words after `create` ask for. Throws what kubectl refuses. */
export function generated(server: ApiServer, args: Arguments, files: FileSystem | null): NewObject {
  const [kind = "", first = "", second] = args.words;
  switch (kind) {
    case "configmap":
    case "cm":
      return {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name: first },
        ...configMapData(dataFrom(args, files)),
      };
    case "secret":
      return secret(args, first, nameOf(second, `secret ${first}`), files);
    case "serviceaccount":
    case "sa":
      return { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: first } };
    case "service":
    case "svc":
      return service(args, first, nameOf(second, `service ${first}`));
    case "job":
      return args.option("from") === null ? job(args, first) : jobFrom(server, args, first);
    case "cronjob":
    case "cj":
      return cronJob(args, first);
    default: {
      const object = accessObject(args, kind, first);
      if (object === null) throw notHere(kind);
      return object;
    }
  }
}

function notHere(what: string): UsageError {
  return new UsageError(`create ${what} is not modelled: use a manifest`);
}

/** The refusal of a `create` without a name. */
export function noName(kind: string): UsageError {
  return new UsageError(
    `exactly one NAME is required, got 0\nSee 'kubectl create ${kind} -h' for help and examples`,
  );
}

function nameOf(name: string | undefined, kind: string): string {
  if (name !== undefined) return name;
  throw noName(kind);
}

/** The types of `create secret TYPE`, and of what is made. */
const SECRET_TYPES: ReadonlyMap<string, string> = new Map([
  ["generic", "Opaque"],
  ["tls", "kubernetes.io/tls"],
  ["docker-registry", "kubernetes.io/dockerconfigjson"],
]);

function secret(args: Arguments, word: string, name: string, files: FileSystem | null): NewObject {
  const type = SECRET_TYPES.get(word);
  if (type === undefined) throw notHere(`secret ${word}`);
  const sources = { generic: dataFrom, tls: certificate, "docker-registry": registryConfig };
  const data = encoded(sources[word as keyof typeof sources](args, files));
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name },
    type: args.option("type") ?? type,
    ...(Object.keys(data).length > 0 && { data }),
  };
}

const SERVICE_TYPES: ReadonlyMap<string, string> = new Map([
  ["clusterip", "ClusterIP"],
  ["nodeport", "NodePort"],
  ["loadbalancer", "LoadBalancer"],
  ["externalname", "ExternalName"],
]);

function service(args: Arguments, word: string, name: string): NewObject {
  const type = SERVICE_TYPES.get(word);
  if (type === undefined) throw notHere(`service ${word}`);
  const labels = { app: name };
  const ports = args
    .options("tcp")
    .flatMap((text) => text.split(","))
    .map((text) => servicePort(text, args));
  const clusterIP = args.option("clusterip");
  if (type === "ExternalName" && args.option("external-name") === null) {
    throw new UsageError('required flag(s) "external-name" not set');
  }
  if (ports.length === 0 && type !== "ExternalName" && clusterIP !== "None") {
    throw new UsageError("at least one tcp port specifier must be provided");
  }
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name, labels },
    spec: {
      type,
      selector: labels,
      ...(ports.length > 0 && { ports }),
      ...(clusterIP !== null && { clusterIP }),
      ...(type === "ExternalName" && { externalName: args.option("external-name") ?? "" }),
    },
  };
}

/** `80`, `80:8080`, `80:http`: the name is the text with a dash. */
function servicePort(text: string, args: Arguments): unknown {
  const [port = "", target = port] = text.split(":");
  const nodePort = args.option("node-port");
  return {
    name: text.replace(":", "-"),
    port: Number(port),
    protocol: "TCP",
    targetPort: /^[0-9]+$/.test(target) ? Number(target) : target,
    ...(nodePort !== null && { nodePort: Number(nodePort) }),
  };
}

function job(args: Arguments, name: string): NewObject {
  const image = args.option("image");
  if (image === null) throw new UsageError("either --image or --from must be specified");
  const template = podTemplate(args, name, image, "Never");
  return { apiVersion: "batch/v1", kind: "Job", metadata: { name }, spec: { template } };
}

/** `create cronjob NAME --image=IMAGE --schedule='0/5 * * * ?' -- COMMAND`. */
function cronJob(args: Arguments, name: string): NewObject {
  const image = args.option("image");
  const schedule = args.option("schedule");
  const missing = [
    ...(image === null ? ["image"] : []),
    ...(schedule === null ? ["schedule"] : []),
  ];
  if (image === null || schedule === null) {
    const list = missing.map((option) => `"${option}"`).join(", ");
    throw new UsageError(`required flag(s) ${list} not set`);
  }
  const template = podTemplate(args, name, image, args.option("restart") ?? "OnFailure");
  return {
    apiVersion: "batch/v1",
    kind: "CronJob",
    metadata: { name },
    spec: { schedule, jobTemplate: { metadata: { name }, spec: { template } } },
  };
}

function podTemplate(args: Arguments, name: string, image: string, restartPolicy: string): unknown {
  const command = args.rest ?? [];
  const container = { name, image, ...(command.length > 0 && { command }) };
  return { spec: { containers: [container], restartPolicy } };
}

/** `create job NAME --from=cronjob/x`: what the CronJob would start, now. */
function jobFrom(server: ApiServer, args: Arguments, name: string): NewObject {
  const [selection] = selections(server, [args.option("from") ?? ""]);
  const [cron] = selection === undefined ? [] : objectsOf(server, selection, args);
  if (cron?.kind !== "CronJob") throw new UsageError("from must be an existing cronjob");
  const template = fieldAt(cron, "spec", "jobTemplate") as ApiObject;
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: {
      name,
      labels: textsAt(template, "metadata", "labels"),
      annotations: {
        "cronjob.kubernetes.io/instantiate": "manual",
        ...textsAt(template, "metadata", "annotations"),
      },
      // Nothing keeps the CronJob from going first.
      ownerReferences: [
        {
          apiVersion: "batch/v1",
          kind: "CronJob",
          name: cron.metadata.name,
          uid: cron.metadata.uid,
          controller: true,
        },
      ],
    },
    spec: template.spec,
  };
}
