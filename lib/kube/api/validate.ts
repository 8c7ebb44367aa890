/** The API server's checks of an object of any kind, and how a refusal of it reads. */
import { FieldErrors, invalidError } from "./errors.ts";
import { type Fields, mapIn, mapsIn, textIn } from "./fields.ts";
import { checkMetadata } from "./validate-common.ts";
import { checkEndpointSlice, checkEndpoints, checkService } from "./validate-service.ts";
import { checkJob, checkPod, checkWorkload } from "./validate-workload.ts";

type KindCheck = (errors: FieldErrors, object: Fields, old: Fields | null) => void;

const CHECKS: ReadonlyMap<string, KindCheck> = new Map<string, KindCheck>([
  ["Service", checkService],
  ["EndpointSlice", checkEndpointSlice],
  ["Endpoints", checkEndpoints],
  ["Pod", checkPod],
  ["Deployment", checkWorkload],
  ["ReplicaSet", checkWorkload],
  ["StatefulSet", checkWorkload],
  ["DaemonSet", checkWorkload],
  ["Job", checkJob],
  ["Ingress", checkIngress],
]);

/** Throws `Invalid` if the object, defaults filled in, is not one that the API has. */
export function validate(object: Fields, old: Fields | null): void {
  const errors = new FieldErrors();
  checkMetadata(errors, object);
  CHECKS.get(textIn(object, "kind"))?.(errors, object, old);
  if (errors.list.length === 0) return;
  throw invalidError(
    textIn(object, "kind"),
    textIn(mapIn(object, "metadata"), "name"),
    errors.list,
  );
}

/** An Ingress: something to do, paths with a type, backends with a port. */
function checkIngress(errors: FieldErrors, ingress: Fields): void {
  const spec = mapIn(ingress, "spec");
  const rules = mapsIn(spec, "rules");
  if (rules.length === 0 && mapIn(spec, "defaultBackend") === null) {
    errors.invalid(["spec"], [], "either `defaultBackend` or `rules` must be specified");
  }
  for (const [index, rule] of rules.entries()) {
    for (const [place, path] of mapsIn(mapIn(rule, "http"), "paths").entries()) {
      const at = ["spec", "rules", index, "http", "paths", place];
      const types = ["Exact", "ImplementationSpecific", "Prefix"];
      const type = path["pathType"];
      if (type === undefined) errors.required([...at, "pathType"], "pathType must be specified");
      else if (!types.includes(String(type))) errors.notSupported([...at, "pathType"], type, types);
      const text = textIn(path, "path");
      if (type !== "ImplementationSpecific" && !text.startsWith("/")) {
        errors.invalid([...at, "path"], text, "must be an absolute path");
      }
      const service = mapIn(mapIn(path, "backend"), "service");
      if (service !== null && mapIn(service, "port") === null) {
        errors.required([...at, "backend", "service", "port"], "port name or number is required");
      }
    }
  }
}
