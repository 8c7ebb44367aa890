/** `kubectl get`: tables, YAML, JSON, paths and names. */
import { formatSelector } from "../api/labels.ts";
import { qualifiedKind, type Resource, writtenKind } from "../api/resources.ts";
import type { ApiServer } from "../api/server.ts";
import type { ApiObject, EventObject } from "../api/types.ts";
import { type Arguments, UsageError } from "./arguments.ts";
import { columnsOf } from "./columns.ts";
import { customColumns } from "./custom-columns.ts";
import { Failures } from "./failures.ts";
import { renderGoTemplate } from "./go-template.ts";
import { evaluateJsonPath, renderJsonPath } from "./jsonpath.ts";
import type { Output } from "./output.ts";
import { findIn, nameOf, type Selection, selections } from "./select.ts";
import { formatTable } from "./table.ts";
import { agesOf } from "./view.ts";
import { toJson, toYaml } from "./yaml-text.ts";

/** What kubectl says it can print. */
const FORMATS =
  "custom-columns,custom-columns-file,go-template,go-template-file,json,jsonpath,jsonpath-as-json,jsonpath-file,kyaml,name,template,templatefile,wide,yaml";

/** `kubectl get`. */
export function get(server: ApiServer, args: Arguments, output: Output): void {
  if (args.words.length === 0) {
    output.warn(
      'You must specify the type of resource to get. Use "kubectl api-resources" for a complete list of supported resources.\n',
    );
    throw new UsageError(
      "Required resource not specified.\nUse \"kubectl explain <resource>\" for a detailed description of that resource (e.g. kubectl explain pods).\nSee 'kubectl get -h' for help and examples",
    );
  }
  const failures = new Failures();
  const chosen = selections(server, args.words).map((selection) => {
    if (selection.resource.kind === "Endpoints") warnOfEndpoints(output);
    const objects = ordered(findIn(server, selection, args, failures));
    const path = args.option("sort-by");
    return { selection, objects: path === null ? objects : sortedBy(objects, path) };
  });
  show(server, args, joined(chosen), failures.isEmpty, output);
  failures.print(output);
}

/** Objects of one type that are named one after the other are rows of one table. */
function joined(chosen: readonly Chosen[]): Chosen[] {
  const tables: Chosen[] = [];
  for (const { selection, objects } of chosen) {
    const last = tables.at(-1);
    const isSame =
      last !== undefined &&
      last.selection.resource.kind === selection.resource.kind &&
      selection.names.length > 0;
    if (isSame) {
      const names = [...last.selection.names, ...selection.names];
      const both = { resource: selection.resource, names };
      tables[tables.length - 1] = { selection: both, objects: [...last.objects, ...objects] };
    } else tables.push({ selection, objects });
  }
  return tables;
}

/** What the API server says to each request about Endpoints. */
export function warnOfEndpoints(output: Output): void {
  output.warn(
    "Warning: v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
  );
}

interface Chosen {
  readonly selection: Selection;
  readonly objects: readonly ApiObject[];
}

function show(
  server: ApiServer,
  args: Arguments,
  chosen: readonly Chosen[],
  isComplete: boolean,
  output: Output,
): void {
  const plain = args.option("template");
  const format =
    args.option("o") ?? args.option("output") ?? (plain === null ? "" : `go-template=${plain}`);
  const objects = chosen.flatMap((each) => each.objects).map(asWritten);
  const [kind = "", template] = format.split(/=(.*)/s);
  if (["yaml", "json", "jsonpath", "go-template", "template"].includes(kind)) {
    const isOne = chosen.length === 1 && chosen[0]?.selection.names.length === 1;
    if (isOne && objects.length === 0) return;
    const list = {
      apiVersion: "v1",
      items: objects,
      kind: "List",
      metadata: { resourceVersion: "" },
    };
    const value = isOne ? objects[0] : list;
    if (kind === "jsonpath") output.write(renderJsonPath(value, template ?? ""));
    else if (kind.endsWith("template")) output.write(renderGoTemplate(value, template ?? ""));
    else output.write(format === "yaml" ? toYaml(value) : toJson(value));
    return;
  }
  if (kind === "custom-columns") {
    output.write(customColumns(template ?? "", objects, !args.flag("no-headers")));
    return;
  }
  if (format === "name") {
    for (const object of objects) output.print(nameOf(object));
    return;
  }
  if (format !== "" && format !== "wide") {
    throw new UsageError(
      `unable to match a printer suitable for the output format "${format}", allowed formats are: ${FORMATS}`,
    );
  }
  if (objects.length === 0) {
    if (!isComplete || args.flag("ignore-not-found")) return;
    output.warn(
      args.allNamespaces
        ? "No resources found"
        : isNamespaced(chosen)
          ? `No resources found in ${args.namespace} namespace.`
          : "No resources found",
    );
    return;
  }
  const full = chosen.filter((each) => each.objects.length > 0);
  output.write(
    full
      .map((each) => table(server, args, each.selection, each.objects, chosen.length > 1))
      .join("\n"),
  );
}

function isNamespaced(chosen: readonly { readonly selection: Selection }[]): boolean {
  return chosen.every(({ selection }) => selection.resource.namespaced);
}

/** An object with its kind as manifests write it. */
function asWritten(object: ApiObject): ApiObject {
  const kind = writtenKind(object.apiVersion, object.kind);
  return kind === object.kind ? object : { ...object, kind };
}

function table(
  server: ApiServer,
  args: Arguments,
  { resource }: Selection,
  objects: readonly ApiObject[],
  prefixed: boolean,
): string {
  const { head, row } = tableOf(server, args, resource, prefixed);
  const rows = objects.map(row);
  return formatTable(args.flag("no-headers") ? rows : [head, ...rows]);
}

/** The heads of a resource's table, and the cells of an object; ages are as of when it is asked. */
export function tableOf(
  server: ApiServer,
  args: Arguments,
  resource: Resource,
  prefixed: boolean,
): { readonly head: string[]; readonly row: (object: ApiObject) => string[] } {
  const { heads, wide, cells } = columnsOf(resource.kind);
  const isWide = (args.option("o") ?? args.option("output")) === "wide";
  const withLabels = args.flag("show-labels");
  const withNamespace = args.allNamespaces && resource.namespaced;
  const withKind = prefixed || args.flag("show-kind");
  const labelNames = [...args.options("L"), ...args.options("label-columns")].flatMap((list) =>
    list.split(","),
  );
  const row = (object: ApiObject): string[] => {
    const age = agesOf(server);
    const [name = "", ...rest] = cells(object, age).slice(0, isWide ? undefined : heads.length);
    const shown = withKind ? `${qualifiedKind(object.apiVersion, object.kind)}/${name}` : name;
    const { namespace = "", labels } = object.metadata;
    return [
      ...(withNamespace ? [namespace] : []),
      shown,
      ...rest,
      ...labelNames.map((label) => labels?.[label] ?? ""),
      ...(withLabels ? [formatSelector({ matchLabels: labels })] : []),
    ];
  };
  const head = [
    ...(withNamespace ? ["NAMESPACE"] : []),
    ...heads,
    ...(isWide ? wide : []),
    ...labelNames.map((label) => label.slice(label.lastIndexOf("/") + 1).toUpperCase()),
    ...(withLabels ? ["LABELS"] : []),
  ];
  return { head, row };
}

/** The objects by what a path leads to in them: numbers by their size, all else as text. */
function sortedBy(objects: readonly ApiObject[], path: string): ApiObject[] {
  const keyed = objects.map((object) => ({ object, key: evaluateJsonPath(object, path)[0] ?? "" }));
  if (objects.length > 0 && keyed.every(({ key }) => key === "")) {
    throw new UsageError(`couldn't find any field with path "${path}" in the list of objects`);
  }
  const isNumeric = keyed.every(({ key }) => /^-?[0-9.]+$/.test(key));
  const compare = (a: string, b: string): number =>
    isNumeric ? Number(a) - Number(b) : a < b ? -1 : Number(a > b);
  return keyed.sort((a, b) => compare(a.key, b.key)).map(({ object }) => object);
}

/** Events by their time, all else by name. */
export function ordered(objects: ApiObject[]): ApiObject[] {
  if (objects[0]?.kind !== "Event") return objects;
  const versions = (object: ApiObject) => Number((object as EventObject).metadata.resourceVersion);
  return objects.sort((a, b) => versions(a) - versions(b));
}
