/**
 * Descriptions of the volumes of a Pod or of a template.
 *
 * Spec: kubectl pkg/describe (describeVolumes), v1.36.
 * Not modelled: sources that only a cloud or a storage system has are <unknown>.
 */
import type { JsonMap, PodSpec } from "../../api/types.ts";
import type { Row } from "./rows.ts";

/** A source's kind in words, and its fields. */
type SourceRows = (
  source: JsonMap,
) => readonly (readonly [title: string, value: string] | string)[];

const text = (source: JsonMap, name: string) => String(source[name] ?? "");
const flag = (source: JsonMap, name: string) => String(source[name] === true);

const SOURCES: readonly (readonly [field: string, rows: SourceRows])[] = [
  [
    "hostPath",
    (source) => [
      ["Type", "HostPath (bare host directory volume)"],
      ["Path", text(source, "path")],
      ["HostPathType", text(source, "type")],
    ],
  ],
  [
    "emptyDir",
    (source) => [
      ["Type", "EmptyDir (a temporary directory that shares a pod's lifetime)"],
      ["Medium", text(source, "medium")],
      ["SizeLimit", text(source, "sizeLimit") || "<unset>"],
    ],
  ],
  [
    "secret",
    (source) => [
      ["Type", "Secret (a volume populated by a Secret)"],
      ["SecretName", text(source, "secretName")],
      ["Optional", flag(source, "optional")],
    ],
  ],
  [
    "configMap",
    (source) => [
      ["Type", "ConfigMap (a volume populated by a ConfigMap)"],
      ["Name", text(source, "name")],
      ["Optional", flag(source, "optional")],
    ],
  ],
  [
    "nfs",
    (source) => [
      ["Type", "NFS (an NFS mount that lasts the lifetime of a pod)"],
      ["Server", text(source, "server")],
      ["Path", text(source, "path")],
      ["ReadOnly", flag(source, "readOnly")],
    ],
  ],
  [
    "persistentVolumeClaim",
    (source) => [
      [
        "Type",
        "PersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)",
      ],
      ["ClaimName", text(source, "claimName")],
      ["ReadOnly", flag(source, "readOnly")],
    ],
  ],
  [
    "downwardAPI",
    (source) => [
      ["Type", "DownwardAPI (a volume populated by information about the pod)"],
      "    Items:",
      ...((source["items"] ?? []) as readonly JsonMap[]).map((item) => {
        const field = item["fieldRef"] as JsonMap | undefined;
        const resource = item["resourceFieldRef"] as JsonMap | undefined;
        const from =
          field === undefined ? text(resource ?? {}, "resource") : text(field, "fieldPath");
        return `      ${from} -> ${text(item, "path")}`;
      }),
    ],
  ],
  [
    "projected",
    (source) => [
      ["Type", "Projected (a volume that contains injected data from multiple sources)"],
      ...((source["sources"] ?? []) as readonly JsonMap[]).flatMap(projectedRows),
    ],
  ],
  [
    "image",
    (source) => [
      ["Type", "Image (a container image or OCI artifact)"],
      ["Reference", text(source, "reference")],
      ["PullPolicy", text(source, "pullPolicy")],
    ],
  ],
];

function projectedRows(source: JsonMap): (readonly [string, string])[] {
  const part = (name: string) => source[name] as JsonMap | undefined;
  const [secret, configMap, token] = ["secret", "configMap", "serviceAccountToken"].map(part);
  if (secret !== undefined) {
    return [
      ["SecretName", text(secret, "name")],
      ["Optional", flag(secret, "optional")],
    ];
  }
  if (part("downwardAPI") !== undefined) return [["DownwardAPI", "true"]];
  if (configMap !== undefined) {
    return [
      ["ConfigMapName", text(configMap, "name")],
      ["Optional", flag(configMap, "optional")],
    ];
  }
  return token === undefined
    ? []
    : [["TokenExpirationSeconds", String(token["expirationSeconds"] ?? 3600)]];
}

/** `Volumes:` and each volume; indented by `space` as the containers are. */
export function volumeRows({ volumes = [] }: PodSpec, space: string): Row[] {
  if (volumes.length === 0) return [[`${space}Volumes:`, "<none>"]];
  const nameIndent = space === "" ? "  " : "   ";
  return [
    `${space}Volumes:`,
    ...(volumes as readonly JsonMap[]).flatMap((volume): Row[] => {
      const known = SOURCES.find(([field]) => volume[field] !== undefined);
      const rows = known?.[1](volume[known[0]] as JsonMap) ?? ["  <unknown>"];
      return [
        `${nameIndent}${text(volume, "name")}:`,
        ...rows.map((row): Row => (typeof row === "string" ? row : [`    ${row[0]}:`, row[1]])),
      ];
    }),
  ];
}
