/** What the report of a cluster points out: what is late, what stands in for something, what is idle. */
import { formatPlace } from "../../../base/errors.ts";
import { formatDuration, type Ns } from "../../../base/units.ts";
import { deadEnds } from "../../../kube/dead-ends.ts";
import { isKnownImage } from "../../../kube/images/catalogue.ts";
import { keptOnly } from "../../../kube/kept-only.ts";
import { failedPods, unreadyWorkloads } from "../../../kube/readiness.ts";
import type { Store } from "../../../kube/store.ts";
import type { ManifestFiles } from "./manifests.ts";

/** What a note is about. */
interface Subject {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** A line for each workload that was not ready within `limit`. */
export function lateWorkloads(store: Store, files: ManifestFiles, limit: Ns): string[] {
  return unreadyWorkloads(store).map((late) =>
    noteOn(files, late, ` is not ready after ${formatDuration(limit)}: ${late.why}`),
  );
}

/** A line for each Pod of nobody that has failed for good. */
export function failures(store: Store, files: ManifestFiles): string[] {
  return failedPods(store).map(({ kind, metadata: { namespace = "default", name } }) =>
    noteOn(files, { kind, namespace, name }, " has failed"),
  );
}

/** Images that nobody knows, and objects that lead nowhere or have no effect. */
export function pointsToKnow(store: Store, files: ManifestFiles): string[] {
  const pods = store.list("Pod");
  const images = new Set(pods.flatMap(({ spec }) => spec.containers.map(({ image }) => image)));
  const unknown = [...images].filter((image) => !isKnownImage(image));
  return [
    ...unknown.map(
      (image) => `image ${image} is not known: a listener on the container's ports stands for it`,
    ),
    ...[...deadEnds(store), ...keptOnly(store)].map((one) => noteOn(files, one, `: ${one.text}`)),
  ];
}

/** A note on an object, with its line if a file of the lab has it. */
function noteOn(files: ManifestFiles, { kind, namespace, name }: Subject, text: string): string {
  const place = files.placeOf(kind, namespace, name);
  const note = `${kind} ${namespace}/${name}${text}`;
  return place === null ? note : `${formatPlace(place)}: ${note}`;
}
