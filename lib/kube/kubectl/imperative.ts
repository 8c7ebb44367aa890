/**
 * Objects made from a command line instead of a manifest: `kubectl run`, `create deployment`,
 * `create namespace`, `expose`.
 *
 * Spec: kubectl v1.36, cmd/run, cmd/create, cmd/expose.
 * Not modelled: --overrides, other kinds of `create`.
 */

import { groupOf, resourceOf } from "../api/resources.ts";
import type { ApiServer } from "../api/server.ts";
import type { ApiObject, LabelSelector, NewObject, StringMap } from "../api/types.ts";
import { imageNameProblem } from "../kubelet/image-names.ts";
import { type Arguments, UsageError } from "./arguments.ts";
import { asGoWrites, dryRunOf, printDone } from "./done.ts";
import { generated, noName } from "./generators.ts";
import type { ManifestFiles } from "./manifest.ts";
import type { Output } from "./output.ts";
import { objectsOf, selections } from "./select.ts";

const USER = "kubectl";
const EXPOSED = new Set(["Deployment", "Pod", "ReplicaSet", "ReplicationController", "Service"]);

/** `run NAME --image=IMAGE`: a Pod. */
export function runPod(server: ApiServer, args: Arguments, output: Output): void {
  const [name, ...words] = args.words;
  if (name === undefined) {
    throw new UsageError("NAME is required for run\nSee 'kubectl run -h' for help and examples");
  }
  requireImage(args);
  const restartPolicy = args.option("restart") ?? "Always";
  if (!["Always", "OnFailure", "Never"].includes(restartPolicy)) {
    throw new UsageError(
      `invalid restart policy: ${restartPolicy}\nSee 'kubectl run -h' for help and examples`,
    );
  }
  const spec = {
    containers: [containerOf(args, name, args.rest ?? words, args.flag("command"))],
    restartPolicy,
    dnsPolicy: "ClusterFirst",
  };
  const labels = labelsOf(args) ?? { run: name };
  create(server, { apiVersion: "v1", kind: "Pod", metadata: { name, labels }, spec }, args, output);
  if (args.flag("expose")) expose(server, { ...args, words: ["pod", name] }, output);
}

/** The image of `run`, which kubectl looks at itself. */
function requireImage(args: Arguments): void {
  const image = args.option("image");
  if (image === "") throw new UsageError("--image is required");
  if (image === null || imageNameProblem(image) === null) return;
  throw new UsageError(`Invalid image name ${JSON.stringify(image)}: invalid reference format`);
}

/** `create deployment NAME --image=IMAGE`, `create namespace NAME` and others. */
export function createNamed(
  server: ApiServer,
  args: Arguments,
  output: Output,
  files: ManifestFiles,
): void {
  const [kind = "", name] = args.words;
  if (kind === "") throw new UsageError("must specify one of -f and -k");
  if (name === undefined) throw noName(kind);
  if (kind === "namespace" || kind === "ns") {
    create(server, { apiVersion: "v1", kind: "Namespace", metadata: { name } }, args, output);
    return;
  }
  if (kind !== "deployment" && kind !== "deploy") {
    create(server, generated(server, args, files.host ?? null), args, output);
    return;
  }
  const labels = { app: name };
  const image = args.option("image") ?? "";
  const plain = (image.split("/").at(-1) ?? "").replace(/[:@].*/, "");
  const spec = {
    replicas: Number(args.option("replicas") ?? 1),
    selector: { matchLabels: labels },
    template: {
      metadata: { labels },
      spec: { containers: [containerOf(args, plain, args.rest ?? [], true)] },
    },
  };
  const deployment = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, labels },
    spec,
  };
  create(server, deployment, args, output);
}

/** `expose deployment NAME --port=80`: a Service for what has Pods. */
export function expose(server: ApiServer, args: Arguments, output: Output): void {
  const [selection] = selections(server, args.words);
  const [object] = selection === undefined ? [] : objectsOf(server, selection, args);
  if (object === undefined) throw new UsageError("You must provide one or more resources");
  if (!EXPOSED.has(object.kind)) {
    const group = groupOf(object.apiVersion);
    throw new UsageError(`cannot expose a ${object.kind}${group === "" ? "" : `.${group}`}`);
  }
  const ports = portsOf(object, args);
  const pairs = args.option("selector");
  const selector =
    pairs === null
      ? selectorOf(object)
      : Object.fromEntries(pairs.split(",").map((pair) => pair.split("=")));
  const name = args.option("name") ?? object.metadata.name;
  const type = args.option("type");
  const clusterIP = args.option("cluster-ip");
  const spec = {
    ports,
    selector,
    ...(type === null ? {} : { type }),
    ...(clusterIP === null ? {} : { clusterIP }),
    ...optional("sessionAffinity", args.option("session-affinity")),
    ...optional("loadBalancerIP", args.option("load-balancer-ip")),
    ...optional("externalIPs", args.option("external-ip")?.split(",") ?? null),
  };
  const labels = labelsOf(args) ?? object.metadata.labels;
  const metadata = { name, ...(labels !== undefined && { labels }) };
  const service = { apiVersion: "v1", kind: "Service", metadata, spec };
  create(server, service, args, output, "exposed");
}

function optional(name: string, value: unknown): Record<string, unknown> {
  return value === null ? {} : { [name]: value };
}

/** `autoscale deployment NAME --max=5 [--min=2] [--cpu=80%]`: a HorizontalPodAutoscaler. */
export function autoscale(server: ApiServer, args: Arguments, output: Output): void {
  const [selection] = selections(server, args.words);
  const [target] = selection === undefined ? [] : objectsOf(server, selection, args);
  if (target === undefined) throw new UsageError("You must provide one or more resources");
  const most = args.option("max");
  if (most === null) throw new UsageError('required flag(s) "max" not set');
  const least = args.option("min");
  const limits = `max: ${most}`;
  if (Number(most) < 1) {
    throw new UsageError(`--max=MAXPODS is required and must be at least 1, ${limits}`);
  }
  if (Number(most) < Number(least ?? -1)) {
    throw new UsageError(
      `--max=MAXPODS must be larger or equal to --min=MINPODS, ${limits}, min: ${least}`,
    );
  }
  const share = args.option("cpu") ?? args.option("cpu-percent");
  const { apiVersion, kind, metadata } = target;
  const resource = (averageUtilization: number) => ({
    type: "Resource",
    resource: { name: "cpu", target: { type: "Utilization", averageUtilization } },
  });
  const spec = {
    scaleTargetRef: { apiVersion, kind, name: metadata.name },
    ...(least !== null && { minReplicas: Number(least) }),
    maxReplicas: Number(most),
    ...(share !== null && { metrics: [resource(Number(share.replace("%", "")))] }),
  };
  const autoscaler = {
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    metadata: { name: args.option("name") ?? metadata.name },
    spec,
  };
  create(server, autoscaler, args, output, "autoscaled");
}

function containerOf(
  args: Arguments,
  name: string,
  words: readonly string[],
  replacesCommand: boolean,
): unknown {
  const image = args.option("image");
  if (image === null) throw new UsageError('required flag(s) "image" not set');
  const port = args.option("port");
  const env = args.options("env").map((text) => {
    const [name = "", value] = text.split(/=(.*)/s);
    if (value === undefined) throw new UsageError(`invalid env: ${text}`);
    return { name, value };
  });
  return {
    name,
    image,
    ...(words.length === 0 ? {} : { [replacesCommand ? "command" : "args"]: words }),
    ...(port === null || goInteger(port) <= 0
      ? {}
      : { ports: [{ containerPort: goInteger(port) }] }),
    ...(env.length > 0 && { env }),
  };
}

function labelsOf(args: Arguments): StringMap | null {
  const text = args.option("labels") ?? args.option("l");
  if (text === null) return null;
  const pairs = text.split(",").map((spec) => {
    const pair = spec.split("=");
    if (pair.length !== 2) throw new UsageError(`unexpected label spec: ${spec}`);
    if (pair[0] === "") throw new UsageError("unexpected empty label key");
    return pair;
  });
  return Object.fromEntries(pairs);
}

function selectorOf({ kind, metadata, spec }: ApiObject): StringMap {
  if (kind === "Pod") {
    if (metadata.labels !== undefined) return metadata.labels;
    throw new UsageError(
      `couldn't retrieve selectors via --selector flag or introspection: the pod has no labels and cannot be exposed`,
    );
  }
  const { selector } = spec as { readonly selector?: LabelSelector | StringMap };
  if (kind === "Service") return (selector ?? {}) as StringMap;
  return (selector as LabelSelector | undefined)?.matchLabels ?? {};
}

/** The port of the command line, else those of the containers. */
function portsOf({ spec }: ApiObject, args: Arguments): unknown[] {
  const targetPort = args.option("target-port");
  const protocol = args.option("protocol") ?? "TCP";
  const targetOf = (number: number) => (targetPort === null ? number : numberOrName(targetPort));
  const port = args.option("port");
  if (port !== null) {
    const numbers = port.split(",").map(goInteger);
    return numbers.map((number, index) => ({
      ...(numbers.length > 1 && { name: `port-${index + 1}` }),
      port: number,
      protocol,
      targetPort: targetOf(number),
    }));
  }
  const { containers, template } = spec as PodOwner;
  const own = (containers ?? template?.spec?.containers ?? []).flatMap(({ ports = [] }) => ports);
  if (own.length === 0) {
    throw new UsageError(
      "couldn't find port via --port flag or introspection\nSee 'kubectl expose -h' for help and examples",
    );
  }
  const named = own.length > 1;
  return own.map(({ containerPort, protocol: spoken }, index) => ({
    ...(named ? { name: `port-${index + 1}` } : {}),
    port: containerPort,
    protocol: spoken ?? "TCP",
    targetPort: targetOf(containerPort),
  }));
}

interface Containers {
  readonly containers?: readonly {
    readonly ports?: readonly { readonly containerPort: number; readonly protocol?: string }[];
  }[];
}

interface PodOwner extends Containers {
  readonly template?: { readonly spec?: Containers };
}

/** A number as Go's strconv.Atoi reads it. */
function goInteger(text: string): number {
  if (/^[+-]?[0-9]+$/.test(text)) return Number(text);
  throw new UsageError(`strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
}

function numberOrName(text: string): number | string {
  return /^[0-9]+$/.test(text) ? Number(text) : text;
}

function create(
  server: ApiServer,
  object: NewObject,
  args: Arguments,
  output: Output,
  done = "created",
): void {
  const { isDry, suffix } = dryRunOf(args, output);
  const isNamespaced = resourceOf(object.apiVersion, object.kind)?.namespaced !== false;
  const hasNamespace = isNamespaced && (!isDry || isNamespaceGiven(args));
  const metadata = { ...object.metadata, ...(hasNamespace && { namespace: args.namespace }) };
  const made = isDry
    ? asGoWrites({ ...object, metadata })
    : server.create({ ...object, metadata }, USER);
  printDone(output, args, made as NewObject, `${done}${suffix}`);
}

function isNamespaceGiven(args: Arguments): boolean {
  return (args.option("n") ?? args.option("namespace")) !== null;
}
