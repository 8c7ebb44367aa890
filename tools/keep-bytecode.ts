/**
 * Tells the story with the bundled command line and keeps the bytecode of what ran, which is most of
 * what any lab needs. A process of its own that bundle.ts starts. It looks neither at what this
 * prints nor at how it ends: without bytecode everything works too.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import type * as CommandLine from "./command-line.ts";
import { CompiledScript } from "./compiled-script.ts";
import { packageFile } from "./package-files.ts";

// What was not called for some time would be thrown away. The flag has to be as it was in the end,
// for bytecode fits no process that has other flags than the one that made it.
setFlagsFromString("--no-flush-bytecode");
const script = new CompiledScript(packageFile("build/tools/bundled.cjs"));
const { main } = script.run() as typeof CommandLine;
const output = mkdtempSync(join(tmpdir(), "vethwork-"));
await main(["story", "--output", output]);
rmSync(output, { recursive: true });
setFlagsFromString("--flush-bytecode");
script.keepBytecode();
