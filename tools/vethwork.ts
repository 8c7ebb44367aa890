#!/usr/bin/env node
/** The program, as the compiler alone builds it; bundle.ts puts bundled-vethwork.ts in its place. */
import { main } from "./command-line.ts";

await main(process.argv.slice(2));
