/** The labs that come with vethwork, in the folder of fixtures. */
import { existsSync, readdirSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { packageFile } from "./package-files.ts";

const FIXTURES = packageFile("fixtures");

/** The file of a lab in its folder. */
const LAB_FILE = "lab.yaml";

/** The folder of the story that comes with vethwork. */
export const STORY_FOLDER = join(FIXTURES, "story");

/** Every lab under fixtures/ that has recordings of the kernel, by path. */
export function recordedLabs(): string[] {
  return readdirSync(FIXTURES, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(join("kernel", "outcomes.json")))
    .map((path) => join(FIXTURES, dirname(dirname(path)), LAB_FILE))
    .sort();
}

/** The lab's file if `path` is a folder with a lab, else `path` as it is. */
export function labFile(path: string): string {
  const inside = join(path, LAB_FILE);
  return existsSync(inside) ? inside : path;
}

/** `nat/masquerade` for a lab that comes with vethwork, else its path. */
export function labName(file: string): string {
  const name = relative(FIXTURES, dirname(file));
  return name.startsWith("..") ? file : name;
}
