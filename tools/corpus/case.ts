/**
 * A case of the kube-proxy corpus: a small cluster, and what real releases wrote for it.
 *
 * A case is a folder with objects.yaml (and objects-2.yaml … for the states that follow),
 * config.yaml and node.sh if it needs them, and recorded/RELEASE-MODE.txt, in which a line
 * `# file: NAME` stands before each recorded file. A folder recorded/RELEASE-MODE with the files
 * themselves is read as well.
 */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

/** A recorded file: its name and text. */
export type Files = ReadonlyMap<string, string>;

/** What a real kube-proxy wrote for a case. */
export interface Recording {
  /** `1.36` */
  readonly version: string;
  readonly mode: string;
  readonly files: Files;
}

/** A cluster of the corpus, and what releases wrote for it. */
export interface CorpusCase {
  readonly name: string;
  /** What the case is about, in one line. */
  readonly about: string;
  /** Paths of the objects of each state. */
  readonly objects: readonly string[];
  readonly config: string | null;
  readonly nodeSetup: string | null;
  readonly recordings: readonly Recording[];
}

/** All cases in a folder, in order of name. */
export function readCorpus(folder: string): CorpusCase[] {
  return readdirSync(folder)
    .filter((name) => existsSync(join(folder, name, "objects.yaml")))
    .sort()
    .map((name) => readCase(join(folder, name), name));
}

/** The texts of a recording's files whose names begin with `prefix`, in order. */
export function filesOf(recording: Recording, prefix: "restore" | "save"): string[] {
  return [...recording.files.keys()]
    .filter((name) => name.startsWith(prefix))
    .sort((a, b) => numberIn(a) - numberIn(b))
    .map((name) => recording.files.get(name) ?? "");
}

function readCase(folder: string, name: string): CorpusCase {
  const optional = (file: string): string | null =>
    existsSync(join(folder, file)) ? join(folder, file) : null;
  const about = optional("case.md");
  return {
    name,
    about: about === null ? "" : (readFileSync(about, "utf8").split("\n")[0] ?? ""),
    objects: readdirSync(folder)
      .filter((file) => /^objects(-\d+)?\.yaml$/.test(file))
      .sort((a, b) => numberIn(a) - numberIn(b))
      .map((file) => join(folder, file)),
    config: optional("config.yaml"),
    nodeSetup: optional("node.sh"),
    recordings: recordingsOf(join(folder, "recorded")),
  };
}

function recordingsOf(folder: string): Recording[] {
  if (!existsSync(folder)) return [];
  const recordings: Recording[] = [];
  for (const entry of readdirSync(folder).sort()) {
    const match = /^v(\d+\.\d+)-(iptables|userspace)(\.txt)?$/.exec(entry);
    if (match === null) continue;
    const path = join(folder, entry);
    const files = statSync(path).isDirectory() ? readFolder(path) : readBundle(path);
    recordings.push({ version: match[1] ?? "", mode: match[2] ?? "", files });
  }
  return recordings;
}

function readFolder(folder: string): Files {
  return new Map(
    readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), "utf8")]),
  );
}

function readBundle(path: string): Files {
  const [, ...parts] = readFileSync(path, "utf8").split(/^# file: (\S+)\n/m);
  const files = new Map<string, string>();
  for (let at = 0; at < parts.length; at += 2) files.set(parts[at] ?? "", parts[at + 1] ?? "");
  return files;
}

/** The first number in a file's name; 1 if it has none, as in objects.yaml. */
function numberIn(name: string): number {
  return Number(/\d+/.exec(name)?.[0] ?? 1);
}
