/**
 * What stands in ConfigMaps and Secrets that `kubectl create` makes: literals, files, lines of
 * files, certificates, and the credentials of a registry.
 *
 * Spec: kubectl v1.36, cmd/create (create_configmap.go, create_secret*.go), util.ParseFileSource.
 * Not modelled: whether a certificate is one, --append-hash.
 */
import { fromUtf8, utf8 } from "../../base/bytes.ts";
import type { FileSystem } from "../../shell/files.ts";
import { type Arguments, UsageError } from "./arguments.ts";

const DOCKER_HUB = "https://index.docker.io/v1/";

/** Keys and bytes, in the order of the command line. */
export type Data = ReadonlyMap<string, Uint8Array>;

/** What `--from-file`, `--from-literal` and `--from-env-file` say. Throws what kubectl refuses. */
export function dataFrom(args: Arguments, files: FileSystem | null): Data {
  const data = new Map<string, Uint8Array>();
  const add = (key: string, bytes: Uint8Array): void => {
    if (!/^[-._a-zA-Z0-9]+$/.test(key)) throw new UsageError(invalidKey(key));
    if (data.has(key)) {
      throw new UsageError(
        `cannot add key ${JSON.stringify(key)}, another key by that name already exists in Data for ConfigMap`,
      );
    }
    data.set(key, bytes);
  };
  const hasPairs = args.option("from-file") !== null || args.option("from-literal") !== null;
  if (args.option("from-env-file") !== null && hasPairs) {
    throw new UsageError("from-env-file cannot be combined with from-file or from-literal");
  }
  for (const text of args.options("from-literal")) {
    const equals = text.indexOf("=");
    if (equals < 1) throw new UsageError(`invalid literal source ${text}, expected key=value`);
    add(text.slice(0, equals), utf8(unquoted(text.slice(equals + 1))));
  }
  for (const source of args.options("from-file").flatMap((text) => text.split(","))) {
    for (const [key, bytes] of fileSource(source, files)) add(key, bytes);
  }
  for (const path of args.options("from-env-file")) {
    for (const [key, value] of envLines(fromUtf8(readFile(path, files)))) add(key, utf8(value));
  }
  return data;
}

/** ConfigMap keys whose bytes are text, and those whose bytes are not. */
export function configMapData(data: Data): Record<string, unknown> {
  const isText = (bytes: Uint8Array): boolean => !fromUtf8(bytes).includes("\ufffd");
  const all = [...data];
  const texts = all.filter(([, bytes]) => isText(bytes));
  const others = all.filter(([, bytes]) => !isText(bytes));
  return {
    ...(texts.length > 0 && {
      data: Object.fromEntries(texts.map(([key, bytes]) => [key, fromUtf8(bytes)])),
    }),
    ...(others.length > 0 && { binaryData: encoded(new Map(others)) }),
  };
}

/** A Secret's data, in base64. */
export function encoded(data: Data): Record<string, string> {
  return Object.fromEntries(
    [...data].map(([key, bytes]) => [key, Buffer.from(bytes).toString("base64")]),
  );
}

/** `create secret tls NAME --cert=FILE --key=FILE`. */
export function certificate(args: Arguments, files: FileSystem | null): Data {
  const [cert, key] = ["cert", "key"].map((option) => {
    const path = args.option(option) ?? "";
    if (path === "") throw new UsageError(`${option} must be specified`);
    return readFile(path, files, (name) => `open ${name}: no such file or directory`);
  });
  if (cert === undefined || !fromUtf8(cert).includes("-----BEGIN ")) {
    throw new UsageError("tls: failed to find any PEM data in certificate input");
  }
  return new Map([
    ["tls.crt", cert],
    ["tls.key", key ?? new Uint8Array(0)],
  ]);
}

/** `create secret docker-registry NAME --docker-username=… --docker-password=…`. */
export function registryConfig(args: Arguments, files: FileSystem | null): Data {
  if (args.option("from-file") !== null) return dataFrom(args, files);
  const [username, password] = ["docker-username", "docker-password"].map(
    (name) => args.option(name) ?? "",
  );
  if (username === "" || password === "") {
    throw new UsageError(
      "either --from-file or the combination of --docker-username, --docker-password and --docker-server is required",
    );
  }
  const email = args.option("docker-email");
  const auth = Buffer.from(`${username}:${password}`).toString("base64");
  const entry = { username, password, ...(email !== null && { email }), auth };
  const config = { auths: { [args.option("docker-server") ?? DOCKER_HUB]: entry } };
  return new Map([[".dockerconfigjson", utf8(JSON.stringify(config))]]);
}

function* fileSource(
  source: string,
  files: FileSystem | null,
): Generator<readonly [string, Uint8Array]> {
  const [first = "", path, ...more] = source.split("=");
  if (path === "" || more.length > 0 || (path !== undefined && first === "")) {
    throw new UsageError(
      more.length > 0
        ? "key names or file paths cannot contain '='"
        : `${path === "" ? "file path" : "key name"} for ${path === "" ? `key name ${first}` : `file path ${path}`} missing`,
    );
  }
  if (path !== undefined) {
    yield [first, readFile(path, files)];
    return;
  }
  if (files?.isDirectory(first) !== true || files.read(first) !== null) {
    yield [first.replace(/.*\//, ""), readFile(first, files)];
    return;
  }
  const directory = files.absolute(first);
  for (const file of files.paths(directory)) {
    const name = file.slice(directory.length + 1);
    if (!name.includes("/")) yield [name, readFile(file, files)];
  }
}

function* envLines(text: string): Generator<readonly [string, string]> {
  for (const line of text.split("\n")) {
    const trimmed = line.replace(/^\s+/, "").replace(/\r$/, "");
    const equals = trimmed.indexOf("=");
    if (trimmed === "" || trimmed.startsWith("#") || equals === -1) continue;
    yield [trimmed.slice(0, equals), trimmed.slice(equals + 1)];
  }
}

function readFile(
  path: string,
  files: FileSystem | null,
  problem = (name: string): string => `error reading ${name}: no such file or directory`,
): Uint8Array {
  const bytes = files?.read(path) ?? null;
  if (bytes === null) throw new UsageError(problem(path));
  return bytes;
}

/** A literal's value may stand in quotes that the shell has left. */
function unquoted(value: string): string {
  const [, inner] = /^(['"])(.*)\1$/s.exec(value)?.slice(1) ?? [];
  return inner ?? value;
}

function invalidKey(key: string): string {
  return `${JSON.stringify(key)} is not a valid key name for a ConfigMap: a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')`;
}
