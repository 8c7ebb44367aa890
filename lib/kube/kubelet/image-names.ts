/**
 * Names of images as a node's container runtime knows them.
 *
 * Spec: distribution reference (familiar and canonical names), CRI v1 (image, imageRef).
 * Differs: digests are made of the image's name, since there are no layers here.
 */
import { utf8 } from "../../base/bytes.ts";
import { sha256Hex } from "../../base/sha256.ts";

/** `nginx` as containerd reports it: `docker.io/library/nginx:latest`. */
export function imageName(image: string): string {
  const { repository, tag, digest } = partsOf(image);
  if (digest !== "") return `${repository}@${digest}`;
  return `${repository}:${tag}`;
}

/** `docker.io/library/nginx@sha256:…`. */
export function imageId(image: string): string {
  const known = ids.get(image);
  if (known !== undefined) return known;
  const { repository, tag, digest } = partsOf(image);
  const id = `${repository}@${digest === "" ? `sha256:${hexDigest(`${repository}:${tag}`)}` : digest}`;
  if (ids.size >= MAX_IDS) ids.clear();
  ids.set(image, id);
  return id;
}

/** Digests that were made, by image: each status asks for them. */
const ids = new Map<string, string>();
/** With more than these, all are forgotten. */
const MAX_IDS = 1024;

/** 64 hexadecimal digits made of a text. */
export function hexDigest(text: string): string {
  return sha256Hex(utf8(text));
}

const COMPONENT = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
const DOMAIN = "(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])";
const REFERENCE = new RegExp(
  `^(?:(?:${DOMAIN}(?:\\.${DOMAIN})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?/)?${COMPONENT}(?:/${COMPONENT})*` +
    "(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?" +
    "(?:@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9A-Fa-f]{32,})?$",
);

/** Why a text is no name of an image, in the runtime's words; null if it is one. */
export function imageNameProblem(image: string): string | null {
  if (REFERENCE.test(image)) return null;
  const { repository } = partsOf(image);
  const [, path = repository] = /^docker\.io\/(.*)$/.exec(repository) ?? [];
  const isCase = path !== path.toLowerCase() && REFERENCE.test(image.toLowerCase());
  const why = isCase ? `: repository name (${path}) must be lowercase` : "";
  return `couldn't parse image name "${image}": invalid reference format${why}`;
}

function partsOf(image: string): { repository: string; tag: string; digest: string } {
  const at = image.indexOf("@");
  const digest = at === -1 ? "" : image.slice(at + 1);
  const named = at === -1 ? image : image.slice(0, at);
  const slash = named.lastIndexOf("/");
  const colon = named.lastIndexOf(":");
  const hasTag = colon > slash;
  const path = hasTag ? named.slice(0, colon) : named;
  const tag = hasTag ? named.slice(colon + 1) : "latest";
  const first = path.slice(0, Math.max(0, path.indexOf("/")));
  const isHost = first.includes(".") || first.includes(":") || first === "localhost";
  const repository = isHost ? path : `docker.io/${path.includes("/") ? path : `library/${path}`}`;
  return { repository, tag, digest };
}
