/**
 * Tells the story with the bundled command line and keeps the bytecode of what ran, which is most of
 * what any lab needs. A process of its own that bundle.ts starts. It looks neither at what this
 * prints nor at how it ends: without bytecode everything works too.
 */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import type * as CommandLine from "./command-line.ts";
import { CompiledScript } from "./compiled-script.ts";
import { packageFile } from "./package-files.ts";
import { STORY_FOLDER } from "./shipped-labs.ts";

// What was not called for some time would be thrown away. The flag has to be as it was in the end,
// for bytecode fits no process that has other flags than the one that made it.
setFlagsFromString("--no-flush-bytecode");
const script = new CompiledScript(packageFile("build/tools/bundled.cjs"));
const { main } = script.run() as typeof CommandLine;
const output = mkdtempSync(join(tmpdir(), "vethwork-"));
// One part at a time: of all at once a second thread would tell some, and its functions are not kept.
for (const part of readdirSync(STORY_FOLDER).keys()) {
  await main(["story", `S${part + 1}`, "--output", output]);
}
rmSync(output, { recursive: true });
setFlagsFromString("--flush-bytecode");
script.keepBytecode();
