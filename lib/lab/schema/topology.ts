/** The raw part of a lab: nodes, links, files, and the commands that set them up. */
import type { Place } from "../../base/errors.ts";
import {
  list,
  mapping,
  type NamedEntry,
  object,
  required,
  shortOrLong,
  withDefault,
} from "./collections.ts";
import { type Kind, type Located, mapped } from "./kind.ts";
import { type Link, linkKind } from "./link.ts";
import { parsed, pattern, text } from "./scalars.ts";
import { command, nodeName } from "./values.ts";

/** A host: one network namespace with a shell, processes and files. */
export interface LabNode {
  readonly name: string;
  readonly place: Place;
  /** Names with dots, as `sysctl` takes them, and their values. */
  readonly sysctls: readonly NamedEntry<string>[];
}

/** What stands in a file of a node. */
export type FileSource =
  | { readonly kind: "text"; readonly text: string }
  /** A file beside the lab, named by a path relative to the lab's folder. */
  | { readonly kind: "file"; readonly path: string; readonly place: Place };

/** A file of a node, there before its commands run. */
export interface NodeFile {
  readonly node: Located<string>;
  /** Relative to the directory in which the node's commands run, or absolute. */
  readonly path: string;
  readonly source: FileSource;
}

/** A command that sets a node up. */
export interface SetupCommand {
  readonly node: Located<string>;
  readonly command: Located<string>;
}

/** Everything that is there before the first step. */
export interface Topology {
  readonly nodes: readonly LabNode[];
  readonly links: readonly Link[];
  readonly files: readonly NodeFile[];
  /** In the order in which they run. */
  readonly setup: readonly SetupCommand[];
}

const sysctlName = pattern("a sysctl's name such as net.ipv4.ip_forward", /^[a-z][a-z0-9_.\-/]*$/);
const sysctlValue = parsed("a sysctl's value", (value) => value, { type: ["string", "integer"] });

const nodeKind = object("a node", {
  sysctls: withDefault(
    mapping(sysctlName, sysctlValue),
    [],
    "settings of the kernel, set before the setup commands run",
  ),
});

const filePath = text("a path", (path) => /^[^\0]+$/.test(path) && !path.endsWith("/"));

const fileSource: Kind<FileSource> = shortOrLong(
  mapped(text("the file's text"), (value): FileSource => ({ kind: "text", text: value })),
  mapped(
    object("a file", { file: required(filePath, "a file beside the lab, from the lab's folder") }),
    ({ file }, place): FileSource => ({ kind: "file", path: file, place }),
  ),
);

/** The raw part of a lab. */
export const topologyKind: Kind<Topology> = mapped(
  object("topology", {
    nodes: withDefault(
      mapping(nodeName, nodeKind, { sysctls: [] }),
      [],
      "hosts by name; each is a network namespace, its lo up",
    ),
    links: withDefault(list(linkKind), [], "what joins them"),
    files: withDefault(
      mapping(nodeName, mapping(filePath, fileSource)),
      [],
      "files of a node by path: their text, or {file: path beside the lab}",
    ),
    setup: withDefault(
      mapping(nodeName, list(command)),
      [],
      "commands of each node, run in this order before the captures begin; each must succeed",
    ),
  }),
  (value): Topology => ({
    nodes: value.nodes.map(({ name, place, value: { sysctls } }) => ({ name, place, sysctls })),
    links: value.links,
    files: value.files.flatMap(({ name, place, value: files }) =>
      files.map((file) => ({
        node: { value: name, place },
        path: file.name,
        source: file.value,
      })),
    ),
    setup: value.setup.flatMap(({ name, place, value: commands }) =>
      commands.map((one) => ({ node: { value: name, place }, command: one })),
    ),
  }),
);
