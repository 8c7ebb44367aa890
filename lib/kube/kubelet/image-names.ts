/**
 * Names of images as a node's container runtime knows them.
 *
 * Spec: distribution reference (familiar and canonical names), CRI v1 (image, imageRef).
 * Differs: digests are made of the image's name, since there are no layers here.
 */
import { utf8 } from "../../base/bytes.ts";
import { remembered } from "../../base/remembered.ts";
import { sha256Hex } from "../../base/sha256.ts";

/** What a runtime makes of the name of an image. */
interface ImageNames {
  readonly name: string;
  readonly id: string;
  readonly problem: string | null;
}

/** `nginx` as containerd reports it: `docker.io/library/nginx:latest`. */
export function imageName(image: string): string {
  return namesOf(image).name;
}

/** `docker.io/library/nginx@sha256:…`. */
export function imageId(image: string): string {
  return namesOf(image).id;
}

/** Why a text is no name of an image, in the runtime's words; null if it is one. */
export function imageNameProblem(image: string): string | null {
  return namesOf(image).problem;
}

/** Each container and each status asks for them. */
const namesOf = remembered((image: string): ImageNames => {
  const { repository, tag, digest } = partsOf(image);
  const tagged = `${repository}:${tag}`;
  const isTagged = digest === "";
  return {
    name: isTagged ? tagged : `${repository}@${digest}`,
    id: `${repository}@${isTagged ? `sha256:${hexDigest(tagged)}` : digest}`,
    problem: problemOf(image, repository),
  };
});

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

function problemOf(image: string, repository: string): string | null {
  if (REFERENCE.test(image)) return null;
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
