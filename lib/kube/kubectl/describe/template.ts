/**
 * Descriptions of Pod templates.
 *
 * Spec: kubectl pkg/describe (DescribePodTemplate), v1.36.
 */
import type { PodTemplate } from "../../api/types.ts";
import { containerRows } from "./container.ts";
import { tolerationRows } from "./pod.ts";
import { mapRows, type Row } from "./rows.ts";
import { volumeRows } from "./volumes.ts";

/** The lines under `Pod Template:`. */
export function templateLines({ metadata, spec }: PodTemplate): Row[] {
  const maps: Row[] = [...mapRows("  Labels:", metadata?.labels, "=")];
  if (Object.keys(metadata?.annotations ?? {}).length > 0) {
    maps.push(...mapRows("  Annotations:", metadata?.annotations, ": "));
  }
  const account = spec.serviceAccountName;
  if (account !== undefined && account !== "") maps.push(["  Service Account:", account]);
  const { initContainers = [], containers } = spec;
  const none = { pod: null, statuses: [] };
  const first = containerRows(initContainers, none, "   ");
  const { priorityClassName = "" } = spec as { readonly priorityClassName?: string };
  return [
    ...maps,
    ...(first.length === 0 ? [] : ["  Init Containers:", ...first]),
    "  Containers:",
    ...containerRows(containers, none, "   "),
    ...volumeRows(spec, "  "),
    ...(priorityClassName === "" ? [] : [["  Priority Class Name:", priorityClassName]]),
    ...mapRows("  Node-Selectors:", spec.nodeSelector, "="),
    ...tolerationRows(spec, "  Tolerations:"),
  ];
}
