/**
 * Puts the command line, built as some 600 modules, into one script: Node opens, resolves and links
 * every module by itself, and a command would spend two thirds of a second on that. What only some
 * commands need is still not run before it is asked for. Then the script is run once, to keep its
 * bytecode. The entry that the compiler wrote is replaced, so that a later run of the compiler
 * alone brings the unbundled one back, never an old bundle.
 *
 *     node build/tools/bundle.js
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build, type Metafile } from "esbuild";
import { scriptOf } from "./compiled-script.ts";
import { packageFile } from "./package-files.ts";

const FOLDER = packageFile("build/tools");
const BUNDLE = "bundled";
const SCRIPT = join(FOLDER, `${BUNDLE}.cjs`);
/** The texts that the licences of what is bundled ask to be handed on. */
const LICENCES = join(FOLDER, `${BUNDLE}-licences.txt`);

for (const name of readdirSync(FOLDER)) {
  if (name.startsWith(`${BUNDLE}.`)) rmSync(join(FOLDER, name));
}
const { metafile, outputFiles } = await build({
  absWorkingDir: packageFile("."),
  entryPoints: [packageFile("tools/command-line.ts")],
  bundle: true,
  format: "cjs",
  platform: "node",
  target: "node20",
  define: { "import.meta.url": "moduleUrl" },
  // The same without a look at the environment at each token, which is a fifth of its time.
  alias: { yaml: packageFile("node_modules/yaml/browser/index.js") },
  write: false,
  metafile: true,
  logLevel: "warning",
});
for (const { text } of outputFiles) writeFileSync(SCRIPT, scriptOf(text));
writeFileSync(LICENCES, licencesOf(metafile));
copyFileSync(join(FOLDER, `${BUNDLE}-vethwork.js`), join(FOLDER, "vethwork.js"));
spawnSync(process.execPath, [join(FOLDER, "keep-bytecode.js")], {
  stdio: ["ignore", "ignore", "inherit"],
});

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
