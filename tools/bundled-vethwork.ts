#!/usr/bin/env node
/** The program, once bundle.ts has put the command line into one script. */
import { fileURLToPath } from "node:url";
import type * as CommandLine from "./command-line.ts";
import { CompiledScript } from "./compiled-script.ts";

const script = new CompiledScript(fileURLToPath(new URL("bundled.cjs", import.meta.url)));
const { main } = script.run() as typeof CommandLine;
await main(process.argv.slice(2));
