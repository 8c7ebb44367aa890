/**
 * Files that come with vethwork beside its code. They are found from the package's root, for the
 * code that asks stands elsewhere once it is bundled.
 */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = rootAbove(fileURLToPath(import.meta.url));

/** The absolute path of a file of this package, given from its root: `fixtures/story`. */
export function packageFile(path: string): string {
  return join(ROOT, path);
}

function rootAbove(file: string): string {
  let folder = dirname(file);
  while (!existsSync(join(folder, "package.json"))) folder = dirname(folder);
  return folder;
}
