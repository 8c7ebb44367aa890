/**
 * What commands say of an object that they have made or changed: a line, or the object itself by
 * `-o`; and `--dry-run`, with which nothing is done.
 *
 * Spec: cli-runtime pkg/printers (NamePrinter), kubectl cmd/util (DryRunStrategy), v1.36.
 * Differs: `--dry-run=server` asks nobody either, so that what the server would refuse is not refused.
 */

import { qualifiedKind, writtenKind } from "../api/resources.ts";
import type { NewObject } from "../api/types.ts";
import { isRecord } from "../schema.ts";
import { type Arguments, UsageError } from "./arguments.ts";
import { customColumns } from "./custom-columns.ts";
import { renderGoTemplate } from "./go-template.ts";
import { renderJsonPath } from "./jsonpath.ts";
import type { Output } from "./output.ts";
import { toJson, toYaml } from "./yaml-text.ts";

/** Whether something is done, and what is said of it then: "", " (dry run)", " (server dry run)". */
export interface DryRun {
  readonly isDry: boolean;
  readonly suffix: string;
}

/** What `--dry-run` asks for. Throws what kubectl refuses. */
export function dryRunOf(args: Pick<Arguments, "option">, output: Output): DryRun {
  const value = args.option("dry-run");
  switch (value) {
    case null:
    case "none":
      return { isDry: false, suffix: "" };
    case "client":
      return { isDry: true, suffix: " (dry run)" };
    case "server":
      return { isDry: true, suffix: " (server dry run)" };
    case "true":
      output.warn("--dry-run is deprecated and can be replaced with --dry-run=client.");
      return { isDry: true, suffix: " (dry run)" };
    default:
      throw new UsageError(
        `Invalid dry-run value (${value}). Must be "none", "server", or "client".`,
      );
  }
}

/** Says of an object that it is `done` ("created"), or prints it if `-o` asks for that. */
export function printDone(
  output: Output,
  args: Pick<Arguments, "option">,
  object: NewObject,
  done: string,
): void {
  const format = args.option("o") ?? args.option("output");
  const name = `${qualifiedKind(object.apiVersion, object.kind)}/${object.metadata.name ?? ""}`;
  if (format === null) {
    output.print(`${name} ${done}`);
    return;
  }
  const value = { ...object, kind: writtenKind(object.apiVersion, object.kind) };
  const [kind = "", template = ""] = format.split(/=(.*)/s);
  if (kind === "yaml") output.write(toYaml(value));
  else if (kind === "json") output.write(toJson(value));
  else if (kind === "name") output.print(name);
  else if (kind === "jsonpath") output.write(renderJsonPath(value, template));
  else if (kind === "go-template") output.write(renderGoTemplate(value, template));
  else if (kind === "custom-columns") output.write(customColumns(template, [value], true));
  else {
    throw new UsageError(
      `unable to match a printer suitable for the output format "${format}", allowed formats are: go-template,go-template-file,json,jsonpath,jsonpath-as-json,jsonpath-file,kyaml,name,template,templatefile,yaml`,
    );
  }
}

/** Kinds whose status is written even if nobody has said anything of it. */
const STATUS: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ["CronJob", {}],
  ["Deployment", {}],
  ["HorizontalPodAutoscaler", { currentMetrics: null, desiredReplicas: 0 }],
  ["Ingress", { loadBalancer: {} }],
  ["Job", {}],
  ["Namespace", {}],
  ["Pod", {}],
  [
    "PodDisruptionBudget",
    { currentHealthy: 0, desiredHealthy: 0, disruptionsAllowed: 0, expectedPods: 0 },
  ],
  ["ResourceQuota", {}],
  ["Service", { loadBalancer: {} }],
]);

/** The object as Go's types write it: empty structures that are no pointers are there. */
export function asGoWrites(object: NewObject): NewObject {
  const status = STATUS.get(object.kind);
  const strategy = object.kind === "Deployment" ? { strategy: {} } : {};
  const spec = withTemplates({ ...strategy, ...(object.spec as object | undefined) });
  const isEmpty = object.kind !== "Namespace" && Object.keys(spec).length === 0;
  return {
    ...object,
    ...(!isEmpty && { spec }),
    ...(status !== undefined && { status }),
  } as NewObject;
}

function withTemplates(spec: object): Record<string, unknown> {
  const entries = Object.entries(spec).map(([name, value]): [string, unknown] => {
    if (name === "containers" && Array.isArray(value)) {
      return [name, value.map((container: object) => ({ resources: {}, ...container }))];
    }
    if (!isRecord(value) || !["template", "jobTemplate", "spec"].includes(name)) {
      return [name, value];
    }
    const inner = withTemplates(value);
    return [name, name === "spec" ? inner : { metadata: {}, ...inner }];
  });
  return Object.fromEntries(entries);
}
