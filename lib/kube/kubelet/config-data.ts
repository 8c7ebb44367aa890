/** What ConfigMaps and Secrets hold, as containers see it. */
import { fromUtf8 } from "../../base/bytes.ts";
import { asFields, mapIn } from "../api/fields.ts";
import type { Informers } from "../informer.ts";
import { objectKey } from "../store.ts";

/** A container's configuration names something that is not there; the text is the kubelet's. */
export class ConfigError extends Error {}

/**
 * The texts of a ConfigMap or Secret by key; null if there is no such object and it need not be.
 * Throws `ConfigError`.
 */
export function configData(
  informers: Informers,
  kind: "ConfigMap" | "Secret",
  namespace: string,
  name: string,
  optional: boolean,
): Map<string, string> | null {
  const object = informers.get(kind, objectKey(namespace, name));
  if (object === null) {
    if (optional) return null;
    throw new ConfigError(`${kind.toLowerCase()} "${name}" not found`);
  }
  const fields = asFields(object);
  const data = new Map<string, string>();
  const texts = mapIn(fields, kind === "Secret" ? "stringData" : "data");
  const encoded = mapIn(fields, kind === "Secret" ? "data" : "binaryData");
  for (const [key, value] of Object.entries(encoded ?? {})) {
    data.set(key, fromUtf8(Buffer.from(String(value), "base64")));
  }
  for (const [key, value] of Object.entries(texts ?? {})) data.set(key, String(value));
  return data;
}
