/**
 * Brings a recorded and a played state into one form, in which they are equal if the control planes
 * did the same: what is random or chance (names, uids, hashes, allocated addresses, which of several
 * equal Pods has which name) becomes a number.
 */
import { canonical } from "../../lib/kube/api/names.ts";

/** Any value of JSON. */
export type Json = Record<string, unknown>;

interface Meta {
  readonly name: string;
  readonly namespace?: string;
  readonly generateName?: string;
  readonly uid: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** The kinds that a recorded state shows. */
const KINDS = [
  "Service",
  "EndpointSlice",
  "Endpoints",
  "Deployment",
  "ReplicaSet",
  "StatefulSet",
  "DaemonSet",
  "ControllerRevision",
  "Pod",
  "Ingress",
  "IngressClass",
];

const DROPPED_METADATA = ["managedFields", "resourceVersion", "creationTimestamp"];
const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";
const TRIGGER = "endpoints.kubernetes.io/last-change-trigger-time";
const HASH_LABELS = [
  "pod-template-hash",
  "controller-revision-hash",
  "controller.kubernetes.io/hash",
];

/** A state's objects in the common form, by kind and name, each as text with sorted keys. */
export function normalise(objects: readonly Json[]): Map<string, unknown> {
  const shown = objects.filter((object) => isShown(object)).map(cleaned);
  const names = new Renaming(shown);
  const result = new Map<string, unknown>();
  for (const object of shown) {
    const renamed = sortEndpoints(names.apply(object) as Json);
    const meta = renamed["metadata"] as Meta;
    result.set(`${String(renamed["kind"])}/${meta.name}`, renamed);
  }
  return new Map([...result].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Whether a field is compared. */
export function isShown(object: Json): boolean {
  const meta = object["metadata"] as Meta;
  return (
    KINDS.includes(String(object["kind"])) &&
    (meta.namespace === "default" || meta.namespace === undefined) &&
    meta.name !== "kubernetes"
  );
}

function cleaned(object: Json): Json {
  const copy = JSON.parse(JSON.stringify(object)) as Json;
  const meta = copy["metadata"] as Json;
  for (const name of DROPPED_METADATA) delete meta[name];
  const annotations = meta["annotations"] as Json | undefined;
  if (annotations !== undefined) {
    delete annotations[LAST_APPLIED];
    delete annotations[TRIGGER];
    if (Object.keys(annotations).length === 0) delete meta["annotations"];
  }
  const isManaged = object["kind"] === "EndpointSlice" && meta["generateName"] !== undefined;
  if (isManaged) delete meta["generation"];
  return withoutTimes(copy) as Json;
}

function withoutTimes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutTimes);
  if (typeof value === "string") {
    if (/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(value)) return "TIME";
    return value.replace(/^kube-api-access-\w{5}$/, "kube-api-access-R0000");
  }
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [name, withoutTimes(field)]),
  );
}

/** Texts that are chance, each with its replacement. */
class Renaming {
  readonly #texts = new Map<string, string>();
  /** All replacements, longest first: uids may contain names, and names hashes. */
  #ordered: readonly (readonly [string, string])[] = [];
  readonly #ports = new Map<number, number>();

  constructor(objects: readonly Json[]) {
    this.#hashes(objects);
    this.#order();
    this.#generated(objects, (object) => object["kind"] !== "EndpointSlice", "R");
    this.#generated(objects, (object) => object["kind"] === "EndpointSlice", "S");
    this.#addresses(objects);
    this.#order();
    const uids = objects.map((object): [string, string] => {
      const { uid, name } = object["metadata"] as Meta;
      return [uid, `uid(${String(object["kind"])} ${this.#renamed(name)})`];
    });
    for (const [uid, to] of uids) this.#texts.set(uid, to);
    this.#order();
  }

  #order(): void {
    this.#ordered = [...this.#texts].sort(([a], [b]) => b.length - a.length);
  }

  apply(value: unknown): unknown {
    if (Array.isArray(value)) return value.map((each) => this.apply(each));
    if (typeof value === "string") return this.#renamed(value);
    if (typeof value === "number") return this.#ports.get(value) ?? value;
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, field]) => [name, this.apply(field)]),
    );
  }

  #renamed(text: string): string {
    let result = text;
    for (const [from, to] of this.#ordered) {
      if (result.includes(from)) result = result.replaceAll(from, to);
    }
    return result;
  }

  /** Hashes of templates, numbered by what the template says. */
  #hashes(objects: readonly Json[]): void {
    const holders = objects
      .filter(({ kind }) => kind === "ReplicaSet" || kind === "ControllerRevision")
      .map((object) => {
        const { labels, name } = object["metadata"] as Meta;
        const hash =
          HASH_LABELS.map((label) => labels?.[label]).find((value) => value !== undefined) ?? "";
        const text = canonical(object["spec"] ?? object["data"]).replaceAll(hash, "HASH");
        return {
          hash,
          order: `${name.replace(hash, "")} ${String(object["revision"] ?? "")} ${text}`,
        };
      })
      .sort((a, b) => (a.order < b.order ? -1 : 1));
    for (const [index, { hash }] of holders.entries()) {
      if (hash !== "" && !this.#texts.has(hash)) this.#texts.set(hash, `HASH${index}`);
    }
  }

  /** Names made of a generateName, numbered by what the object says. */
  #generated(objects: readonly Json[], wanted: (object: Json) => boolean, letter: string): void {
    const groups = new Map<string, { name: string; text: string; ip: string | undefined }[]>();
    for (const object of objects) {
      const { name, generateName, uid } = object["metadata"] as Meta;
      if (generateName === undefined || !wanted(object)) continue;
      if (
        !name.startsWith(generateName) ||
        !/^[A-Za-z0-9]{5}$/.test(name.slice(generateName.length))
      )
        continue;
      const ip = (object["status"] as { readonly podIP?: string } | undefined)?.podIP;
      let own = canonical({ ...object, order: nodeOf(object) });
      for (const chance of [uid, name, ip])
        if (chance !== undefined) own = own.replaceAll(chance, "OWN");
      const text = this.#renamed(own);
      const key = this.#renamed(generateName);
      groups.set(key, [...(groups.get(key) ?? []), { name, text, ip }]);
    }
    for (const [generateName, members] of groups) {
      members.sort((a, b) =>
        a.text < b.text ? -1 : a.text > b.text ? 1 : a.name < b.name ? -1 : 1,
      );
      for (const [index, { name, ip }] of members.entries()) {
        const to = `${generateName}${letter}${index + 1}`;
        this.#texts.set(name, to);
        if (ip !== undefined) this.#texts.set(ip, `ip(${to})`);
      }
    }
  }

  /** Addresses and ports that the API server chose, by the Service's name. */
  #addresses(objects: readonly Json[]): void {
    let ports = 32_000;
    let healthPorts = 32_500;
    const services = objects
      .filter(({ kind }) => kind === "Service")
      .sort((a, b) => ((a["metadata"] as Meta).name < (b["metadata"] as Meta).name ? -1 : 1));
    for (const [index, service] of services.entries()) {
      const spec = service["spec"] as {
        clusterIP?: string;
        healthCheckNodePort?: number;
        ports?: { nodePort?: number }[];
      };
      const isChosen = spec.clusterIP !== undefined && /^10\.96\.(?!0\.)/.test(spec.clusterIP);
      if (isChosen) this.#texts.set(spec.clusterIP ?? "", `clusterIP${index}`);
      for (const { nodePort } of spec.ports ?? []) {
        ports += 1;
        if (nodePort !== undefined && nodePort > 30_086) this.#ports.set(nodePort, ports);
      }
      if (spec.healthCheckNodePort !== undefined) {
        healthPorts += 1;
        this.#ports.set(spec.healthCheckNodePort, healthPorts);
      }
    }
  }
}

function nodeOf(object: Json): string {
  return (object["spec"] as { readonly nodeName?: string } | undefined)?.nodeName ?? "";
}

function sortEndpoints(object: Json): Json {
  const byText = (a: unknown, b: unknown) => (canonical(a) < canonical(b) ? -1 : 1);
  if (object["kind"] === "EndpointSlice" && Array.isArray(object["endpoints"])) {
    return { ...object, endpoints: [...object["endpoints"]].sort(byText) };
  }
  if (object["kind"] !== "Endpoints" || !Array.isArray(object["subsets"])) return object;
  const subsets = object["subsets"].map((subset: Json) =>
    Object.fromEntries(
      Object.entries(subset).map(([name, list]) => [
        name,
        Array.isArray(list) ? [...list].sort(byText) : list,
      ]),
    ),
  );
  return { ...object, subsets };
}
