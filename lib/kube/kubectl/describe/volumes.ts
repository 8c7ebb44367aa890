/**
 * Descriptions of volumes in Pods and templates.
 *
 * Spec: kubectl pkg/describe (describeVolumes), v1.36.
 * Not modelled: volumes that only a cloud or a storage system has; they are named without details.
 */
import { copyFields, type Fields, mapIn, mapsIn, textIn } from "../../api/fields.ts";
import type { PodSpec } from "../../api/types.ts";
import type { Row } from "./rows.ts";

const TITLE = "    ";

/** The volumes, their heading at `indent`. */
export function volumeRows({ volumes = [] }: PodSpec, indent: string): Row[] {
  if (volumes.length === 0) return [[`${indent}Volumes:`, "<none>"]];
  const nameIndent = indent === "" ? "  " : "   ";
  return [
    `${indent}Volumes:`,
    ...volumes.flatMap((each): Row[] => {
      const volume = copyFields(each);
      const rows = sourceRows(volume).map(([name, value]): Row => [`${TITLE}${name}`, value]);
      return [`${nameIndent}${textIn(volume, "name")}:`, ...rows, ...itemRows(volume)];
    }),
  ];
}

type Detail = readonly [name: string, value: string];

/** How each source is told: its type, then what it says of itself. */
const SOURCES: readonly (readonly [string, string, (source: Fields) => readonly Detail[]])[] = [
  [
    "hostPath",
    "HostPath (bare host directory volume)",
    (source) => [
      ["Path:", textIn(source, "path")],
      ["HostPathType:", textIn(source, "type")],
    ],
  ],
  [
    "emptyDir",
    "EmptyDir (a temporary directory that shares a pod's lifetime)",
    (source) => [
      ["Medium:", textIn(source, "medium")],
      ["SizeLimit:", String(source["sizeLimit"] ?? "<unset>")],
    ],
  ],
  [
    "secret",
    "Secret (a volume populated by a Secret)",
    (source) => [["SecretName:", textIn(source, "secretName")], optional(source)],
  ],
  [
    "configMap",
    "ConfigMap (a volume populated by a ConfigMap)",
    (source) => [["Name:", textIn(source, "name")], optional(source)],
  ],
  [
    "nfs",
    "NFS (an NFS mount that lasts the lifetime of a pod)",
    (source) => [
      ["Server:", textIn(source, "server")],
      ["Path:", textIn(source, "path")],
      ["ReadOnly:", String(source["readOnly"] === true)],
    ],
  ],
  [
    "persistentVolumeClaim",
    "PersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)",
    (source) => [
      ["ClaimName:", textIn(source, "claimName")],
      ["ReadOnly:", String(source["readOnly"] === true)],
    ],
  ],
  ["downwardAPI", "DownwardAPI (a volume populated by information about the pod)", () => []],
  [
    "projected",
    "Projected (a volume that contains injected data from multiple sources)",
    (source) => mapsIn(source, "sources").flatMap(projectedDetails),
  ],
  [
    "ephemeral",
    "EphemeralVolume (an inline specification for a volume that gets created and deleted with the pod)",
    () => [],
  ],
];

function sourceRows(volume: Fields): readonly Detail[] {
  for (const [field, type, details] of SOURCES) {
    const source = mapIn(volume, field);
    if (source !== null) return [["Type:", type], ...details(source)];
  }
  const [other = "unknown"] = Object.keys(volume).filter((field) => field !== "name");
  return [["Type:", other]];
}

function optional(source: Fields): Detail {
  return ["Optional:", String(source["optional"] === true)];
}

function projectedDetails(source: Fields): Detail[] {
  const secret = mapIn(source, "secret");
  if (secret !== null) return [["SecretName:", textIn(secret, "name")], optional(secret)];
  if (mapIn(source, "downwardAPI") !== null) return [["DownwardAPI:", "true"]];
  const configMap = mapIn(source, "configMap");
  if (configMap !== null) {
    return [["ConfigMapName:", textIn(configMap, "name")], optional(configMap)];
  }
  const token = mapIn(source, "serviceAccountToken");
  return token === null ? [] : [["TokenExpirationSeconds:", String(token["expirationSeconds"])]];
}

/** The items of a downwardAPI volume. */
function itemRows(volume: Fields): Row[] {
  const source = mapIn(volume, "downwardAPI");
  if (source === null) return [];
  const lines = mapsIn(source, "items").map((item) => {
    const field = textIn(mapIn(item, "fieldRef"), "fieldPath");
    const from = field !== "" ? field : textIn(mapIn(item, "resourceFieldRef"), "resource");
    return `      ${from} -> ${textIn(item, "path")}`;
  });
  return [`${TITLE}Items:`, ...lines];
}
