/**
 * Descriptions of ConfigMaps, Secrets and ServiceAccounts.
 *
 * Spec: kubectl pkg/describe (ConfigMapDescriber, describeSecret, describeServiceAccount), v1.36.
 */
import { fromUtf8 } from "../../../base/bytes.ts";
import type { ApiObject } from "../../api/types.ts";
import { fieldAt, listAt, textsAt } from "../../field-at.ts";
import { head, type Row } from "./rows.ts";

const TOKEN_TYPE = "kubernetes.io/service-account-token";

/** A ConfigMap, with all that stands in it. */
export function configMapRows(map: ApiObject): Row[] {
  const texts = inOrder(textsAt(map, "data"));
  const binary = inOrder(textsAt(map, "binaryData"));
  return [
    ...head(map),
    ...["", "Data", "===="],
    ...texts.flatMap(([key, value]) => [`${key}:`, "----", ...value.split("\n"), ""]),
    ...["", "BinaryData", "===="],
    ...binary.map(([key, value]) => `${key}: ${decodedLength(value)} bytes`),
    "",
  ];
}

/** A Secret; of its data only how much there is. It has no Events. */
export function secretRows(secret: ApiObject): Row[] {
  const type = String(fieldAt(secret, "type") ?? "Opaque");
  const data = inOrder(textsAt(secret, "data"));
  return [
    ...head(secret),
    "",
    ["Type:", type],
    ...["", "Data", "===="],
    ...data.map(([key, value]): Row => {
      const isToken = key === "token" && type === TOKEN_TYPE;
      return [`${key}:`, isToken ? decoded(value) : `${decodedLength(value)} bytes`];
    }),
  ];
}

/** A ServiceAccount. */
export function serviceAccountRows(account: ApiObject): Row[] {
  const title = "Image pull secrets:";
  const names = listAt(account, "imagePullSecrets").map(({ name }) => String(name));
  const rows = names.map((name, at): Row => [at === 0 ? title : " ".repeat(title.length), name]);
  return [...head(account), ...(rows.length === 0 ? [[title, "<none>"]] : rows)];
}

function inOrder(map: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1));
}

/** How many bytes a text in base64 stands for. */
function decodedLength(text: string): number {
  return Buffer.from(text, "base64").length;
}

function decoded(text: string): string {
  return fromUtf8(Buffer.from(text, "base64"));
}
