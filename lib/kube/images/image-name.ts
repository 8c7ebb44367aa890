/**
 * Names of images: which of the catalogue's patterns one fits.
 *
 * Spec: distribution reference: [domain/]path[:tag][@digest].
 */

import { remembered } from "../../base/remembered.ts";

/** An image's name without its registry, and its tag ("latest" if there is none). */
export interface ImageName {
  /** `nginx`, `e2e-test-images/agnhost`: without a registry and `library/`. */
  readonly path: string;
  readonly tag: string;
}

/** The parts of an image's name. */
export const parseImageName = remembered((image: string): ImageName => {
  const named = image.split("@")[0] ?? "";
  const slash = named.lastIndexOf("/");
  const colon = named.lastIndexOf(":");
  const hasTag = colon > slash;
  const path = hasTag ? named.slice(0, colon) : named;
  const [first = "", ...rest] = path.split("/");
  const isRegistry = rest.length > 0 && (/[.:]/.test(first) || first === "localhost");
  const plain = isRegistry ? rest.join("/") : path;
  return {
    path: plain.replace(/^library\//, ""),
    tag: hasTag ? named.slice(colon + 1) : "latest",
  };
});

/** Whether a path ends with a pattern's elements: `agnhost` fits `e2e-test-images/agnhost`. */
export function fitsImage(pattern: string, { path }: ImageName): boolean {
  return path === pattern || path.endsWith(`/${pattern}`);
}
