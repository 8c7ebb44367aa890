/**
 * What is written: into a temporary sibling first, renamed at the end, so that nobody ever sees
 * half of it, whatever ends the program.
 */
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { VethworkError } from "../lib/base/errors.ts";
import type { ByteSink } from "../lib/capture/sink.ts";
import { reasonOf } from "./input.ts";

/** Something that is written aside until it is whole. */
export interface Output {
  /** Puts it where it belongs. */
  commit(): void;
}

/** A file. */
export class OutputFile implements Output, ByteSink {
  readonly #path: string;
  readonly #temporary: string;
  #descriptor = -1;

  /** Opens a file beside `path`. Throws `VW_OUTPUT` if that cannot be. */
  constructor(path: string) {
    this.#path = path;
    this.#temporary = besideOf(path);
    writing(path, () => {
      if (existsSync(path) && statSync(path).isDirectory()) throw isFolder();
      this.#descriptor = openSync(this.#temporary, "wx");
    });
    removeAtExit(this.#temporary);
  }

  write(chunk: Uint8Array): void {
    writing(this.#path, () => writeAll(this.#descriptor, chunk));
  }

  commit(): void {
    writing(this.#path, () => {
      closeSync(this.#descriptor);
      renameSync(this.#temporary, this.#path);
    });
  }
}

/** A folder of files. One that is there keeps what it has under other names. */
export class OutputFolder implements Output {
  readonly #path: string;
  readonly #temporary: string;
  readonly #descriptors: number[] = [];

  /** Makes a folder beside `path`. Throws `VW_OUTPUT` if that cannot be. */
  constructor(path: string) {
    this.#path = path;
    this.#temporary = besideOf(path);
    writing(path, () => {
      if (existsSync(path) && !statSync(path).isDirectory()) throw isNoFolder();
      mkdirSync(this.#temporary);
    });
    removeAtExit(this.#temporary);
  }

  /** Opens a new file in it. */
  file(name: string): ByteSink {
    const descriptor = writing(this.#path, () => openSync(join(this.#temporary, name), "wx"));
    this.#descriptors.push(descriptor);
    return { write: (chunk) => writing(this.#path, () => writeAll(descriptor, chunk)) };
  }

  commit(): void {
    writing(this.#path, () => {
      for (const descriptor of this.#descriptors) closeSync(descriptor);
      if (!existsSync(this.#path)) {
        renameSync(this.#temporary, this.#path);
        return;
      }
      for (const name of readdirSync(this.#temporary)) {
        renameSync(join(this.#temporary, name), join(this.#path, name));
      }
    });
  }
}

/** Standard output, for a pipe. */
export const STANDARD_OUTPUT: ByteSink & Output = {
  write: (chunk) => {
    // The caller reuses its memory as soon as this returns; a pipe may keep it longer.
    process.stdout.write(chunk.slice());
  },
  commit: () => {},
};

function besideOf(path: string): string {
  return `${resolve(path)}.partial-${process.pid}`;
}

const unfinished = new Set<string>();

function removeAtExit(path: string): void {
  if (unfinished.size === 0) process.on("exit", removeUnfinished);
  unfinished.add(path);
}

function removeUnfinished(): void {
  for (const path of unfinished) rmSync(path, { recursive: true, force: true });
}

function writeAll(descriptor: number, chunk: Uint8Array): void {
  for (let done = 0; done < chunk.length; ) done += writeSync(descriptor, chunk, done);
}

function writing<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw new VethworkError("VW_OUTPUT", `cannot write "${path}"`, reasonOf(error));
  }
}

function isFolder(): Error {
  return Object.assign(new Error(), { code: "EISDIR" });
}

function isNoFolder(): Error {
  return Object.assign(new Error("it is there and no folder"));
}

// An interrupt ends the program through `exit`, so that what is half-written is removed.
for (const [signal, status] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const) {
  process.once(signal, () => process.exit(status));
}
