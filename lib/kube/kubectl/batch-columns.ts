/**
 * The columns of `kubectl get` for Jobs and volumes.
 *
 * Spec: kubernetes pkg/printers/internalversion, v1.36.
 */

import { formatSelector } from "../api/labels.ts";
import { parseTime } from "../api/time.ts";
import type { ApiObject, Job, JsonMap, LabelSelector } from "../api/types.ts";
import { conditionOf } from "../controllers/pods.ts";
import { born, type Columns, columns, text } from "./column.ts";
import { formatAge } from "./table.ts";

/** Tables by kind. */
export const BATCH_AND_STORAGE: ReadonlyMap<string, Columns> = new Map([
  [
    "Job",
    columns<Job>(
      "NAME|STATUS|COMPLETIONS|DURATION|AGE",
      "CONTAINERS|IMAGES|SELECTOR",
      (object, age) => {
        const { completions, parallelism = 1 } = object.spec;
        const { succeeded = 0, startTime, completionTime, conditions } = object.status;
        const isTrue = (type: string) => conditionOf(conditions, type)?.status === "True";
        const ends = ["Complete", "Failed"].find(isTrue);
        const isGoing = object.metadata.deletionTimestamp !== undefined;
        const held = ["Suspended", "FailureTarget", "SuccessCriteriaMet"].find(isTrue);
        const state = ends ?? (isGoing ? "Terminating" : (held ?? "Running"));
        const of = completions ?? `1 of ${parallelism}`;
        const took =
          startTime === undefined
            ? ""
            : completionTime === undefined
              ? age(startTime)
              : formatAge(parseTime(completionTime) - parseTime(startTime));
        const { containers } = object.spec.template.spec;
        return [
          object.metadata.name,
          state,
          `${succeeded}/${of}`,
          took,
          born(object, age),
          containers.map(({ name }) => name).join(","),
          containers.map(({ image }) => image).join(","),
          formatSelector((object.spec as { readonly selector?: LabelSelector }).selector),
        ];
      },
    ),
  ],
  [
    "PersistentVolumeClaim",
    columns<ApiObject>(
      "NAME|STATUS|VOLUME|CAPACITY|ACCESS MODES|STORAGECLASS|VOLUMEATTRIBUTESCLASS|AGE",
      "VOLUMEMODE",
      (object, age) => {
        const spec = object.spec as JsonMap;
        const { phase, capacity } = (object.status ?? {}) as JsonMap;
        return [
          object.metadata.name,
          text(String(phase ?? "Pending")),
          String(spec["volumeName"] ?? ""),
          String((capacity as JsonMap | undefined)?.["storage"] ?? ""),
          accessModes(spec["accessModes"]),
          String(spec["storageClassName"] ?? ""),
          "<unset>",
          born(object, age),
          "Filesystem",
        ];
      },
    ),
  ],
  [
    "PersistentVolume",
    columns<ApiObject>(
      "NAME|CAPACITY|ACCESS MODES|RECLAIM POLICY|STATUS|CLAIM|STORAGECLASS|VOLUMEATTRIBUTESCLASS|REASON|AGE",
      "VOLUMEMODE",
      (object, age) => {
        const spec = object.spec as JsonMap;
        const { phase } = (object.status ?? {}) as JsonMap;
        const claim = spec["claimRef"] as JsonMap | undefined;
        return [
          object.metadata.name,
          String((spec["capacity"] as JsonMap | undefined)?.["storage"] ?? ""),
          accessModes(spec["accessModes"]),
          String(spec["persistentVolumeReclaimPolicy"] ?? "Retain"),
          String(phase ?? "Available"),
          claim === undefined ? "" : `${claim["namespace"]}/${claim["name"]}`,
          String(spec["storageClassName"] ?? ""),
          "<unset>",
          "",
          born(object, age),
          "Filesystem",
        ];
      },
    ),
  ],
]);

/** `RWO,ROX`. */
export function accessModes(modes: unknown): string {
  const short: Readonly<Record<string, string>> = {
    ReadWriteOnce: "RWO",
    ReadOnlyMany: "ROX",
    ReadWriteMany: "RWX",
    ReadWriteOncePod: "RWOP",
  };
  return Array.isArray(modes) ? modes.map((mode) => short[String(mode)] ?? "").join(",") : "";
}
