/**
 * What is written: into a temporary sibling first, renamed at the end, so that nobody ever sees
 * half of it, whatever ends the program. Siblings that are left over go when the program exits.
 */
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
  writevSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { concatBytes } from "../lib/base/bytes.ts";
import { VethworkError } from "../lib/base/errors.ts";
import type { ByteSink } from "../lib/capture/sink.ts";
import { reasonOf } from "./input.ts";

/** Something that is written aside until it is whole. */
export interface Output {
  /** Puts it where it belongs. */
  commit(): void;
}

/** A file. Pipes and devices are written at once, since they cannot be replaced. */
export class OutputFile implements Output, ByteSink {
  readonly #path: string;
  /** What is written until it is whole; null for a pipe or device. */
  readonly #temporary: string | null;
  readonly #descriptor: number;

  /** Opens a file beside `path`, or beside what it links to. Throws `VW_OUTPUT` if it cannot. */
  constructor(path: string) {
    const there = writing(path, () => statSync(path, { throwIfNoEntry: false }));
    const replaces = there === undefined || there.isFile();
    this.#path = there !== undefined && replaces ? realpathSync(path) : path;
    this.#temporary = replaces ? besideOf(this.#path) : null;
    const temporary = this.#temporary;
    this.#descriptor = writing(path, () =>
      temporary === null ? openSync(path, "w") : openSync(temporary, "wx"),
    );
    if (temporary !== null) removeAtExit(temporary);
  }

  write(chunk: Uint8Array): void {
    writing(this.#path, () => writeAll(this.#descriptor, chunk));
  }

  commit(): void {
    writing(this.#path, () => {
      closeSync(this.#descriptor);
      if (this.#temporary !== null) renameSync(this.#temporary, this.#path);
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

/** Makes a folder, and those that it is in. Throws `VW_OUTPUT` if that cannot be. */
export function makeFolder(path: string): void {
  writing(path, () => {
    if (!existsSync(path)) {
      // mkdir's own `recursive` goes round for ever where no folder can be made, as in /proc.
      makeFolder(dirname(resolve(path)));
      mkdirSync(path);
    } else if (!statSync(path).isDirectory()) throw isNoFolder();
  });
}

/** What `action` returns. Throws `VW_OUTPUT` with the path if a system call of its fails. */
export function writing<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof VethworkError) throw error;
    throw new VethworkError("VW_OUTPUT", `cannot write "${path}"`, reasonOf(error));
  }
}

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

/** Writes all of `chunk`, however often the system takes a part only. */
export function writeAll(descriptor: number, chunk: Uint8Array): void {
  for (let done = 0; done < chunk.length; ) done += writeSync(descriptor, chunk, done);
}

/** Writes many pieces at once. */
export function writePieces(descriptor: number, pieces: readonly Uint8Array[]): void {
  if (pieces.length === 0) return;
  const done = writevSync(descriptor, pieces);
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  // What fails on the way says so only when the rest is tried again.
  if (done < length) writeAll(descriptor, concatBytes(pieces).subarray(done));
}

function isNoFolder(): Error {
  return Object.assign(new Error("it is there and no folder"));
}
