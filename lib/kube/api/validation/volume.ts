/**
 * Volumes of a Pod: a name and exactly one source each.
 *
 * Spec: Kubernetes API validation v1.36, core Volume.
 * Not modelled: the fields of sources that only a cloud or a storage system has.
 */
import type { FieldPath } from "../../schema.ts";
import type { FieldErrors } from "../errors.ts";
import { type Fields, mapIn, mapsIn, numberIn, textIn } from "../fields.ts";
import { parseQuantity } from "../quantity.ts";
import { checkOneOf, requireText } from "./checks.ts";
import { checkClaimSpec } from "./claim.ts";
import { checkFieldRef, checkResourceRef, FILE_FIELDS } from "./environment.ts";
import { labelProblems } from "./text-rules.ts";

/** The source of each volume by the volume's name. */
export type Volumes = ReadonlyMap<string, string>;

/** Sources in the order in which the API looks at them. */
const SOURCES = [
  "emptyDir",
  "hostPath",
  "gitRepo",
  "gcePersistentDisk",
  "awsElasticBlockStore",
  "secret",
  "nfs",
  "iscsi",
  "glusterfs",
  "flocker",
  "persistentVolumeClaim",
  "rbd",
  "cinder",
  "cephfs",
  "quobyte",
  "downwardAPI",
  "fc",
  "flexVolume",
  "configMap",
  "azureFile",
  "vsphereVolume",
  "photonPersistentDisk",
  "portworxVolume",
  "azureDisk",
  "storageos",
  "projected",
  "scaleIO",
  "csi",
  "ephemeral",
  "image",
];

const HOST_PATH_TYPES = [
  "",
  "BlockDevice",
  "CharDevice",
  "Directory",
  "DirectoryOrCreate",
  "File",
  "FileOrCreate",
  "Socket",
];
const MODE = "must be a number between 0 and 0777 (octal), both inclusive";

/** A Pod's volumes; those without errors can be mounted. */
export function checkVolumes(
  errors: FieldErrors,
  path: FieldPath,
  volumes: readonly Fields[],
): Map<string, string> {
  const valid = new Map<string, string>();
  for (const [index, volume] of volumes.entries()) {
    const at = [...path, index];
    const before = errors.list.length;
    const source = checkSource(errors, at, volume);
    const name = textIn(volume, "name");
    requireText(errors, [...at, "name"], name, labelProblems);
    if (valid.has(name)) errors.duplicate([...at, "name"], name);
    if (errors.list.length === before) valid.set(name, source);
  }
  return valid;
}

function checkSource(errors: FieldErrors, path: FieldPath, volume: Fields): string {
  const present = SOURCES.filter((name) => mapIn(volume, name) !== null);
  for (const [index, name] of present.entries()) {
    const at = [...path, name];
    if (index > 0) errors.forbidden(at, "may not specify more than 1 volume type");
    else SOURCE_CHECKS.get(name)?.(errors, at, mapIn(volume, name) ?? {});
  }
  if (present.length === 0) errors.required(path, "must specify a volume type");
  return present[0] ?? "";
}

type SourceCheck = (errors: FieldErrors, path: FieldPath, source: Fields) => void;

const SOURCE_CHECKS: ReadonlyMap<string, SourceCheck> = new Map<string, SourceCheck>([
  ["emptyDir", checkEmptyDir],
  ["hostPath", checkHostPath],
  ["secret", (errors, path, source) => checkKeyedSource(errors, path, source, "secretName")],
  ["configMap", (errors, path, source) => checkKeyedSource(errors, path, source, "name")],
  ["nfs", checkNfs],
  [
    "persistentVolumeClaim",
    (errors, path, source) =>
      requireText(errors, [...path, "claimName"], textIn(source, "claimName")),
  ],
  ["downwardAPI", checkDownward],
  ["projected", checkProjected],
  [
    "csi",
    (errors, path, source) => requireText(errors, [...path, "driver"], textIn(source, "driver")),
  ],
  ["ephemeral", checkEphemeral],
]);

function checkEmptyDir(errors: FieldErrors, path: FieldPath, source: Fields): void {
  const limit = source["sizeLimit"];
  if (limit !== undefined && parseQuantity(String(limit)) < 0) {
    errors.forbidden([...path, "sizeLimit"], "SizeLimit field must be a valid resource quantity");
  }
}

/** A path of the node. */
export function checkHostPath(errors: FieldErrors, path: FieldPath, source: Fields): void {
  const text = textIn(source, "path");
  if (text === "") {
    errors.required([...path, "path"]);
    return;
  }
  checkNoBacksteps(errors, [...path, "path"], text);
  checkOneOf(errors, [...path, "type"], source["type"], HOST_PATH_TYPES);
}

/** A directory of a file server. */
export function checkNfs(errors: FieldErrors, path: FieldPath, source: Fields): void {
  requireText(errors, [...path, "server"], textIn(source, "server"));
  const text = textIn(source, "path");
  requireText(errors, [...path, "path"], text);
  if (!text.startsWith("/")) errors.invalid([...path, "path"], text, "must be an absolute path");
}

function checkKeyedSource(
  errors: FieldErrors,
  path: FieldPath,
  source: Fields,
  nameField: string,
): void {
  requireText(errors, [...path, nameField], textIn(source, nameField));
  checkMode(errors, [...path, "defaultMode"], source["defaultMode"]);
  for (const [index, item] of mapsIn(source, "items").entries()) {
    checkItem(errors, [...path, "items", index], item);
  }
}

function checkItem(errors: FieldErrors, path: FieldPath, item: Fields): void {
  requireText(errors, [...path, "key"], textIn(item, "key"));
  requireText(errors, [...path, "path"], textIn(item, "path"));
  checkFilePath(errors, [...path, "path"], textIn(item, "path"));
  checkMode(errors, [...path, "mode"], item["mode"]);
}

function checkMode(errors: FieldErrors, path: FieldPath, mode: unknown): void {
  if (typeof mode === "number" && (mode < 0 || mode > 0o777)) errors.invalid(path, mode, MODE);
}

function checkDownward(errors: FieldErrors, path: FieldPath, source: Fields): void {
  checkMode(errors, [...path, "defaultMode"], source["defaultMode"]);
  for (const file of mapsIn(source, "items")) checkDownwardFile(errors, path, file);
}

/** As the API has it, errors name the volume, not the file. */
function checkDownwardFile(errors: FieldErrors, path: FieldPath, file: Fields): void {
  requireText(errors, [...path, "path"], textIn(file, "path"));
  checkFilePath(errors, [...path, "path"], textIn(file, "path"));
  const field = mapIn(file, "fieldRef");
  const resource = mapIn(file, "resourceFieldRef");
  if (field !== null) {
    checkFieldRef(errors, [...path, "fieldRef"], field, FILE_FIELDS);
    if (resource !== null) {
      const why = "fieldRef and resourceFieldRef can not be specified simultaneously";
      errors.invalid(path, "resource", why);
    }
  } else if (resource !== null) {
    checkResourceRef(errors, [...path, "resourceFieldRef"], resource, true);
  } else errors.required(path, "one of fieldRef and resourceFieldRef is required");
  checkMode(errors, [...path, "mode"], file["mode"]);
}

function checkProjected(errors: FieldErrors, path: FieldPath, projected: Fields): void {
  checkMode(errors, [...path, "defaultMode"], projected["defaultMode"]);
  const paths = new Set<string>();
  for (const [index, source] of mapsIn(projected, "sources").entries()) {
    checkProjection(errors, path, [...path, "sources", index], source, paths);
  }
}

function checkProjection(
  errors: FieldErrors,
  path: FieldPath,
  at: FieldPath,
  source: Fields,
  paths: Set<string>,
): void {
  for (const kind of ["secret", "configMap"]) {
    const fields = mapIn(source, kind);
    if (fields === null) continue;
    const name = textIn(fields, "name");
    requireText(errors, [...at, kind, "name"], name);
    for (const [index, item] of mapsIn(fields, "items").entries()) {
      checkItem(errors, [...at, kind, "items", index], item);
      claimPath(errors, path, textIn(item, "path"), name, paths);
    }
  }
  for (const file of mapsIn(mapIn(source, "downwardAPI"), "items")) {
    checkDownwardFile(errors, [...at, "downwardAPI"], file);
    const text = textIn(file, "path");
    claimPath(errors, path, text, text, paths);
  }
  const token = mapIn(source, "serviceAccountToken");
  if (token !== null) checkToken(errors, path, [...at, "serviceAccountToken"], token);
  const kinds = ["secret", "configMap", "downwardAPI", "serviceAccountToken", "clusterTrustBundle"];
  if (kinds.filter((kind) => mapIn(source, kind) !== null).length > 1) {
    errors.forbidden(at, "may not specify more than 1 volume type per source");
  }
}

function claimPath(
  errors: FieldErrors,
  path: FieldPath,
  text: string,
  shown: string,
  paths: Set<string>,
): void {
  if (text === "") return;
  if (paths.has(text)) errors.invalid(path, shown, "conflicting duplicate paths");
  paths.add(text);
}

function checkToken(errors: FieldErrors, path: FieldPath, at: FieldPath, token: Fields): void {
  const seconds = numberIn(token, "expirationSeconds", 3600);
  if (seconds < 600) {
    const why = "may not specify a duration less than 10 minutes";
    errors.invalid([...at, "expirationSeconds"], seconds, why);
  }
  if (seconds > 2 ** 32) {
    const why = "may not specify a duration larger than 2^32 seconds";
    errors.invalid([...at, "expirationSeconds"], seconds, why);
  }
  const text = textIn(token, "path");
  if (text === "") errors.required([...path, "path"]);
  else checkFilePath(errors, [...path, "path"], text);
}

function checkEphemeral(errors: FieldErrors, path: FieldPath, source: Fields): void {
  const template = mapIn(source, "volumeClaimTemplate");
  const at = [...path, "volumeClaimTemplate"];
  if (template === null) errors.required(at);
  else checkClaimSpec(errors, [...at, "spec"], mapIn(template, "spec") ?? {});
}

/** A path inside of a volume. */
export function checkLocalPath(errors: FieldErrors, path: FieldPath, text: string): void {
  if (text.startsWith("/")) errors.invalid(path, text, "must be a relative path");
  checkNoBacksteps(errors, path, text);
}

function checkFilePath(errors: FieldErrors, path: FieldPath, text: string): void {
  checkLocalPath(errors, path, text);
  if (text.startsWith("..") && !text.startsWith("../")) {
    errors.invalid(path, text, "must not start with '..'");
  }
}

function checkNoBacksteps(errors: FieldErrors, path: FieldPath, text: string): void {
  if (text.split("/").includes("..")) errors.invalid(path, text, "must not contain '..'");
}
