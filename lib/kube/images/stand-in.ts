/**
 * What is known of a container whose image nobody knows: whether its command can be run all the
 * same, because everything in it is a shell or one of its tools, and if not what stands for it.
 *
 * Differs: files and programs of an unknown image are not there, so a script that names one of them
 * is not run at all. A container that has to go on is a listener on its ports (generic.ts), one
 * that has to end (an init container, a Pod that is not restarted) ends well at once. `exec` probes
 * and hooks of such a listener are run if they can be, for what they do, and succeed.
 */
import { fromUtf8 } from "../../base/bytes.ts";
import { VethworkError } from "../../base/errors.ts";
import { ToolError } from "../../shell/command.ts";
import type { CommandSet } from "../../shell/command-set.ts";
import { parseScriptText } from "../../shell/grammar/parser.ts";
import { literalText, type ShellCommand } from "../../shell/grammar/syntax.ts";
import { builtinNames } from "../../shell/interpreter/builtins.ts";
import { resolveCommand } from "../../shell/interpreter/lookup.ts";
import { visitCommands } from "../../shell/parse.ts";
import type { Pod } from "../api/types.ts";
import { objectKey } from "../store.ts";
import type { Container } from "./container.ts";

const SHELL = /^(?:\/bin\/|\/usr\/bin\/)?(?:ba|da|a|z)?sh$/;

/** Tools that fail without the files that they are told of: their last word is where those go. */
const COPYING = new Set(["cp", "mv", "ln"]);

/** Whether all that `words` start, and copy out of the image, is there. */
export function isRunnable(
  commands: CommandSet,
  container: Container,
  words: readonly string[],
): boolean {
  const [name = "", ...args] = words;
  const own = container.host.files.read(name);
  if (!SHELL.test(name) && own === null) {
    return canBeRun(commands, words) && hasSources(container, words);
  }
  if (own !== null && commands.find(name) === null) return false;
  const script = own === null ? scriptOf(container, args) : fromUtf8(own);
  return script !== null && isRunnableScript(commands, container, script);
}

/** Whether a command is there and knows its arguments. */
function canBeRun(commands: CommandSet, words: readonly string[]): boolean {
  try {
    return resolveCommand(commands, words) !== null;
  } catch (error) {
    if (error instanceof VethworkError) return false;
    if (error instanceof ToolError) return true;
    throw error;
  }
}

/** Whether what a command copies is there, or may come to be: in a directory that there is. */
function hasSources({ host: { files } }: Container, words: readonly string[]): boolean {
  const [name = "", ...rest] = words;
  if (!COPYING.has(name.replace(/^.*\//, ""))) return true;
  const sources = rest.filter((word) => word.startsWith("/")).slice(0, -1);
  return sources.every((path) => {
    const above = path.replace(/\/+[^/]*\/*$/, "");
    return files.read(path) !== null || files.isDirectory(path) || isSharedPlace(files, above);
  });
}

/** A directory that is no part of the image, so that others may put something there. */
function isSharedPlace(files: Container["host"]["files"], directory: string): boolean {
  return directory !== "" && files.isDirectory(directory);
}

/** Whether the container is meant to end by itself: it is one of a Pod's first, or of a Job's. */
export function isMeantToEnd({ api, name, pod }: Container): boolean {
  const spec = podOf(api, pod)?.spec;
  if (spec === undefined) return false;
  const first = spec.initContainers?.find((each) => each.name === name);
  if (first !== undefined) return first.restartPolicy !== "Always";
  return spec.restartPolicy !== "Always" && (specOf(spec, name)?.ports ?? []).length === 0;
}

/** Containers in which a listener stands for the image's program. */
const listeners = new WeakSet<Container>();

/** Notes that a listener stands for the container's program. */
export function noteStandIn(container: Container): void {
  listeners.add(container);
}

/** Whether a listener stands for the container's program. */
export function isStandIn(container: Container): boolean {
  return listeners.has(container);
}

/** The Pod of a container, as the API has it. */
export function podOf(api: Container["api"], { namespace, name }: Container["pod"]): Pod | null {
  return api.get("Pod", objectKey(namespace, name));
}

function specOf({ containers }: Pod["spec"], name: string) {
  return containers.find((each) => each.name === name);
}

/** The text that a shell is given, by `-c` or as a file; null if there is no such file. */
function scriptOf({ host }: Container, args: readonly string[]): string | null {
  const first = args.findIndex((word) => !/^[-+]/.test(word));
  const flags = args.slice(0, first === -1 ? args.length : first);
  const word = first === -1 ? null : (args[first] ?? null);
  if (word === null) return "";
  if (flags.some((flag) => /^-[a-z]*c$/.test(flag))) return word;
  const bytes = host.files.read(word);
  return bytes === null ? null : fromUtf8(bytes);
}

/** The words of what is started, without those that only say how. */
function started(words: readonly (string | null)[]): readonly (string | null)[] {
  const [first, second] = words;
  if (words.length < 2 || !["exec", "command", "nohup"].includes(first ?? "")) return words;
  return second?.startsWith("-") === true ? words : started(words.slice(1));
}

function isRunnableScript(commands: CommandSet, container: Container, script: string): boolean {
  const known = new Set(builtinNames());
  const missing: ShellCommand[] = [];
  try {
    const list = parseScriptText(script, commands.shell);
    visitCommands(list, (command) => {
      if (command.kind === "function") known.add(command.name);
    });
    visitCommands(list, (command) => {
      if (command.kind !== "simple") return;
      if (command.words.length === 0) return;
      const words = started(command.words.map(literalText));
      const [name = null] = words;
      const literal = words.map((word) => word ?? "");
      const isThere =
        name !== null &&
        (known.has(name) ||
          (words.includes(null) ? commands.find(name) !== null : canBeRun(commands, literal)));
      if (!isThere || !hasSources(container, literal)) missing.push(command);
    });
  } catch (error) {
    if (error instanceof VethworkError) return false;
    throw error;
  }
  return missing.length === 0;
}
