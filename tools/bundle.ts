/**
 * Puts the command line, built as some 600 modules, into a few files: Node opens, resolves and
 * links every module by itself, and a command would spend two thirds of a second on that. What only
 * some commands need stays in files of its own. It replaces the entry that the compiler wrote, so
 * that a later run of the compiler alone brings the unbundled one back, never an old bundle.
 *
 *     node build/tools/bundle.js
 */
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build, type Metafile } from "esbuild";
import { packageFile } from "./package-files.ts";

const FOLDER = packageFile("build/tools");
const ENTRY = packageFile("tools/vethwork.ts");
const PART = "part-";
/** The texts that the licences of what is bundled ask to be handed on. */
const LICENCES = join(FOLDER, "bundled-licences.txt");
/** For packages in the CommonJS form, which ask for Node's own modules at run time. */
const REQUIRE = `import { createRequire as createBundleRequire } from "node:module";
const require = createBundleRequire(import.meta.url);`;

for (const name of readdirSync(FOLDER)) {
  if (name.startsWith(PART)) rmSync(join(FOLDER, name));
}
const { metafile } = await build({
  absWorkingDir: packageFile("."),
  entryPoints: [ENTRY],
  outdir: FOLDER,
  bundle: true,
  splitting: true,
  chunkNames: `${PART}[name]-[hash]`,
  format: "esm",
  platform: "node",
  target: "node20",
  sourcemap: true,
  banner: { js: REQUIRE },
  metafile: true,
  logLevel: "warning",
});
writeFileSync(LICENCES, licencesOf(metafile));

function licencesOf({ inputs }: Metafile): string {
  const packages = Object.keys(inputs).map((path) =>
    /.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path),
  );
  const folders = new Set(packages.flatMap((found) => found ?? []));
  return [...folders].sort().map(licenceIn).join("\n");
}

function licenceIn(folder: string): string {
  const name = folder.slice(folder.lastIndexOf("node_modules/") + "node_modules/".length);
  const file = readdirSync(packageFile(folder)).find((each) => /^licen[cs]e/i.test(each));
  const text = file === undefined ? "" : readFileSync(packageFile(join(folder, file)), "utf8");
  return `== ${name}\n\n${text}`;
}
