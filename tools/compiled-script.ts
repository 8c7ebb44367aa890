/**
 * A script that brings V8's bytecode with it, in a file beside it: nearly all that a short command
 * does it does for the first time, and compiling that would take a quarter of its time. Bytecode is
 * of no use to another Node, so the file has the name of the one that made it; without one that fits
 * the script runs all the same, only slower.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { Script } from "node:vm";

const SUFFIX = `.${process.version}-${process.platform}-${process.arch}.bytecode`;

type Body = (require: NodeJS.Require, module: { exports: unknown }, moduleUrl: string) => void;

/** A script that `scriptOf` made, in a file. */
export class CompiledScript {
  readonly #file: string;
  readonly #script: Script;

  /** Reads a script, and its bytecode if there is some. Throws what `readFileSync` does. */
  constructor(file: string) {
    const cachedData = bytesOf(file + SUFFIX);
    const cached = cachedData === undefined ? {} : { cachedData };
    this.#file = file;
    this.#script = new Script(readFileSync(file, "latin1"), { filename: file, ...cached });
  }

  /** Whether bytecode was there, and V8 took it. */
  get hadBytecode(): boolean {
    return this.#script.cachedDataRejected === false;
  }

  /** Runs the module anew, and returns what it exports. */
  run(): unknown {
    const body = this.#script.runInThisContext() as Body;
    const module = { exports: {} };
    body(createRequire(this.#file), module, pathToFileURL(this.#file).href);
    return module.exports;
  }

  /** Keeps the bytecode of all functions that were called until now. */
  keepBytecode(): void {
    writeFileSync(this.#file + SUFFIX, this.#script.createCachedData());
  }
}

/**
 * Makes a script of a module in the CommonJS form, which finds its own address as `moduleUrl`.
 * Whatever is not ASCII is escaped, so it must not stand in a template that is read raw: V8 keeps
 * ASCII in half the memory, and Node reads it four times as fast.
 */
export function scriptOf(module: string): string {
  const escaped = module.replace(
    /[\u0080-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return `((require, module, moduleUrl) => {${escaped}\n})`;
}

function bytesOf(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}
