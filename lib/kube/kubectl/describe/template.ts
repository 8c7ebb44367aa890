/**
 * Descriptions of Pod templates.
 *
 * Spec: kubectl pkg/describe (DescribePodTemplate), v1.36.
 */
import { formatSelector } from "../../api/labels.ts";
import type { PodTemplate } from "../../api/types.ts";
import { containerLines, tolerationList, volumeNames } from "./pod.ts";
import { mapRows, type Row } from "./rows.ts";

/** The lines under `Pod Template:`. */
export function templateLines({ metadata, spec }: PodTemplate): Row[] {
  const maps: Row[] = [...mapRows("  Labels:", metadata?.labels, "=")];
  if (Object.keys(metadata?.annotations ?? {}).length > 0) {
    maps.push(...mapRows("  Annotations:", metadata?.annotations, ": "));
  }
  const account = spec.serviceAccountName;
  if (account !== undefined && account !== "") maps.push(["  Service Account:", account]);
  const { initContainers = [] } = spec;
  const starts: Row[] =
    initContainers.length === 0
      ? []
      : [
          "  Init Containers:",
          ...initContainers.flatMap((container) => containerLines(container, "   ")),
        ];
  const tolerations = tolerationList(spec);
  return [
    ...maps,
    ...starts,
    "  Containers:",
    ...spec.containers.flatMap((container) => containerLines(container, "   ")),
    ["  Volumes:", volumeNames(spec)],
    ["  Node-Selectors:", formatSelector({ matchLabels: spec.nodeSelector })],
    ...(tolerations.length === 0 ? ["<none>"] : tolerations).map(
      (text, index): Row => [index === 0 ? "  Tolerations:" : "", text],
    ),
  ];
}
