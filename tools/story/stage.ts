/** A folder with a story: its script, its labs, and what they gave when they were run. */
import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { VethworkError } from "../../lib/base/errors.ts";
import type { Capture } from "../../lib/capture/capture.ts";
import { readCapture } from "../../lib/capture/read.ts";
import { MERGED_CAPTURE } from "../../lib/lab/artefacts.ts";
import type { Lab } from "../../lib/lab/lab.ts";
import { type RunResult, runLab } from "../../lib/lab/run.ts";
import { parseLab } from "../../lib/lab/schema.ts";
import { filesBeside, readInputText } from "../input.ts";
import { parseScript, type Script } from "./script.ts";

/** The name of a story's script in its folder. */
export const SCRIPT = "story.md";
const LAB = "lab.yaml";

/** A lab of a story, run. */
export interface PlayedLab {
  /** Its folder in that of the story, or "" if it stands in it. */
  readonly name: string;
  readonly lab: Lab;
  readonly run: RunResult;
  readonly capture: Capture;
}

/** A folder with a story. */
export class Stage {
  /** The folder's own name. */
  readonly name: string;
  readonly script: Script;
  readonly labs: readonly string[];
  readonly #folder: string;

  /** Reads the script. Throws `VW_STORY` and `VW_USAGE`. */
  constructor(folder: string) {
    const file = join(folder, SCRIPT);
    this.#folder = folder;
    this.name = basename(folder);
    this.script = parseScript(readInputText(file), file);
    this.labs = labsOf(folder);
  }

  /** Runs its labs. */
  play(): PlayedLab[] {
    return this.labs.map((name) => {
      const file = join(this.#folder, name, LAB);
      const text = readInputText(file);
      const run = runLab(text, { file, readFile: filesBeside(file) });
      const bytes = run.artefacts.get(MERGED_CAPTURE) ?? new Uint8Array(0);
      const capture = readCapture(bytes, MERGED_CAPTURE);
      return { name, lab: parseLab(text, file), run, capture };
    });
  }
}

/** The stories below a folder, in the order of their names. Throws `VW_USAGE` if there are none. */
export function stagesIn(folder: string): Stage[] {
  const isFolder = statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true;
  const names = isFolder ? readdirSync(folder).sort() : [];
  const found = names.filter((name) => existsSync(join(folder, name, SCRIPT)));
  if (found.length === 0) throw new VethworkError("VW_USAGE", `no story in "${folder}"`, SCRIPT);
  return found.map((name) => new Stage(join(folder, name)));
}

function labsOf(folder: string): string[] {
  if (existsSync(join(folder, LAB))) return [""];
  return readdirSync(folder)
    .filter((name) => existsSync(join(folder, name, LAB)))
    .sort();
}
