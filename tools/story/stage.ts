/** A folder with a story: its script, its labs, and what they gave when they were run. */
import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { VethworkError } from "../../lib/base/errors.ts";
import type { Capture } from "../../lib/capture/capture.ts";
import { readCapture } from "../../lib/capture/read.ts";
import { MERGED_CAPTURE } from "../../lib/lab/artefacts.ts";
import type { LabCosts } from "../../lib/lab/lab.ts";
import { type RunResult, runLab } from "../../lib/lab/run.ts";
import { parseLab } from "../../lib/lab/schema.ts";
import { filesBeside, readInputText } from "../input.ts";
import { parseScript, type Script } from "./script.ts";

/** The name of a story's script in its folder. */
export const SCRIPT = "story.md";
const LAB = "lab.yaml";

/** A lab of a story. */
export class StageLab {
  /** Its folder in that of the story, or "" if it stands in it. */
  readonly name: string;
  readonly #file: string;

  constructor(folder: string, name: string) {
    this.name = name;
    this.#file = join(folder, name, LAB);
  }

  /** How long work takes in it. Throws `VethworkError` for bad input. */
  get costs(): LabCosts {
    return parseLab(readInputText(this.#file), this.#file).costs;
  }

  /** Runs it. Throws `VethworkError` for bad input. */
  run(): RunResult {
    const file = this.#file;
    return runLab(readInputText(file), { file, readFile: filesBeside(file) });
  }
}

/** A lab of a story, run. */
export class PlayedLab {
  readonly lab: StageLab;
  readonly run: RunResult;
  #capture: Capture | null = null;

  constructor(lab: StageLab, run: RunResult) {
    this.lab = lab;
    this.run = run;
  }

  get name(): string {
    return this.lab.name;
  }

  /** All its captures in one. */
  get capture(): Capture {
    const bytes = this.run.artefacts.get(MERGED_CAPTURE) ?? new Uint8Array(0);
    this.#capture ??= readCapture(bytes, MERGED_CAPTURE);
    return this.#capture;
  }
}

/** A folder with a story. */
export class Stage {
  /** The folder's own name. */
  readonly name: string;
  readonly script: Script;
  readonly labs: readonly StageLab[];

  /** Reads the script. Throws `VW_STORY` and `VW_USAGE`. */
  constructor(folder: string) {
    const file = join(folder, SCRIPT);
    this.name = basename(folder);
    this.script = parseScript(readInputText(file), file);
    this.labs = labsOf(folder).map((name) => new StageLab(folder, name));
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
