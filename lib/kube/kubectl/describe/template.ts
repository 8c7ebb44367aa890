/**
 * Descriptions of Pod templates.
 *
 * Spec: kubectl pkg/describe (DescribePodTemplate), v1.36.
 */
import type { PodTemplate } from "../../api/types.ts";
import { containerRows } from "./containers.ts";
import { spreadRows, tolerationRows } from "./pod.ts";
import { mapRows, type Row } from "./rows.ts";
import { volumeRows } from "./volumes.ts";

const SPACE = "  ";

/** The lines under `Pod Template:`. */
export function templateLines({ metadata, spec }: PodTemplate): Row[] {
  const maps: Row[] = [...mapRows("  Labels:", metadata?.labels, "=")];
  if (Object.keys(metadata?.annotations ?? {}).length > 0) {
    maps.push(...mapRows("  Annotations:", metadata?.annotations, ": "));
  }
  const account = spec.serviceAccountName ?? "";
  const priority = spec.priorityClassName ?? "";
  const { initContainers = [], containers } = spec;
  const group = { statuses: [], resolve: () => "", space: SPACE };
  return [
    ...maps,
    ...(account === "" ? [] : ([["  Service Account:", account]] as Row[])),
    ...(initContainers.length === 0
      ? []
      : containerRows({ ...group, label: "Init Containers", containers: initContainers })),
    ...containerRows({ ...group, label: "Containers", containers }),
    ...volumeRows(spec, SPACE),
    ...spreadRows(spec, SPACE),
    ...(priority === "" ? [] : ([["  Priority Class Name:", priority]] as Row[])),
    ...mapRows("  Node-Selectors:", spec.nodeSelector, "="),
    ...tolerationRows(spec, SPACE),
  ];
}
