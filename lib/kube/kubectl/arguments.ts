/** A kubectl command line: words, flags, options, in any order. */

/** A command line that kubectl refuses. */
export class UsageError extends Error {}

/** A command line, taken apart. */
export interface Arguments {
  readonly command: string;
  readonly words: readonly string[];
  /** What stands after `--`; null without it. */
  readonly rest: readonly string[] | null;
  readonly namespace: string;
  readonly allNamespaces: boolean;
  /** The value of an option, the last of several, or null. */
  option(name: string): string | null;
  /** All values of an option. */
  options(name: string): readonly string[];
  /** Whether a flag is set. */
  flag(name: string): boolean;
}

/** Options that take the next word as their value. */
const WITH_VALUE = new Set([
  "L",
  "address",
  "annotation",
  "api-group",
  "as",
  "c",
  "cascade",
  "cert",
  "chunk-size",
  "class",
  "cluster",
  "cluster-ip",
  "clusterip",
  "clusterrole",
  "container",
  "containers",
  "context",
  "cpu",
  "cpu-percent",
  "current-replicas",
  "default-backend",
  "description",
  "docker-email",
  "docker-password",
  "docker-server",
  "docker-username",
  "env",
  "external-ip",
  "external-name",
  "f",
  "field-manager",
  "field-selector",
  "filename",
  "for",
  "from",
  "from-env-file",
  "from-file",
  "from-literal",
  "grace-period",
  "group",
  "hard",
  "image",
  "k",
  "key",
  "kubeconfig",
  "kustomize",
  "l",
  "label-columns",
  "labels",
  "limits",
  "load-balancer-ip",
  "max",
  "max-unavailable",
  "memory",
  "min",
  "min-available",
  "n",
  "name",
  "namespace",
  "node-port",
  "non-resource-url",
  "o",
  "output",
  "override-type",
  "overrides",
  "p",
  "patch",
  "patch-file",
  "pod-running-timeout",
  "pod-selector",
  "port",
  "preemption-policy",
  "protocol",
  "raw",
  "replicas",
  "request-timeout",
  "requests",
  "resource",
  "resource-name",
  "resource-version",
  "restart",
  "revision",
  "role",
  "rule",
  "s",
  "schedule",
  "scopes",
  "selector",
  "server",
  "serviceaccount",
  "session-affinity",
  "since",
  "since-time",
  "sort-by",
  "subresource",
  "tail",
  "target-port",
  "tcp",
  "template",
  "timeout",
  "to-revision",
  "type",
  "types",
  "user",
  "v",
  "value",
  "verb",
]);

/** A short option and its value in one word: `-owide`, `-lapp=web`, `-nkube-system`. */
const ATTACHED = /^-([cfklLno])([^=-].*|-)$/;

/** Short options that are flags in some commands. */
const FLAGS: ReadonlyMap<string, readonly string[]> = new Map([["logs", ["f", "p"]]]);

/** Takes the words behind `kubectl` apart. Throws `UsageError`. */
export function parseArguments(input: readonly string[], defaultNamespace = "default"): Arguments {
  const words: string[] = [];
  const options = new Map<string, string[]>();
  const add = (name: string, value: string) => {
    options.set(name, [...(options.get(name) ?? []), value]);
  };
  const end = input.indexOf("--");
  const rest = end === -1 ? [...input] : input.slice(0, end);
  const flags = FLAGS.get(input[0] ?? "") ?? [];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (!word.startsWith("-") || word === "-") {
      words.push(word);
      continue;
    }
    const [, letter = "", attached = ""] = ATTACHED.exec(word) ?? [];
    if (letter !== "" && !flags.includes(letter)) {
      add(letter, attached);
      continue;
    }
    const name = word.replace(/^--?/, "");
    const equals = name.indexOf("=");
    if (equals !== -1) add(name.slice(0, equals), name.slice(equals + 1));
    else if (WITH_VALUE.has(name) && !flags.includes(name)) add(name, rest.shift() ?? "");
    else add(name, "true");
  }
  const all = (name: string) => options.get(name) ?? [];
  const option = (name: string) => all(name).at(-1) ?? null;
  const flag = (name: string) => option(name) === "true";
  const [command = "", ...others] = words;
  return {
    command,
    words: others,
    rest: end === -1 ? null : input.slice(end + 1),
    namespace: option("n") ?? option("namespace") ?? defaultNamespace,
    allNamespaces: flag("A") || flag("all-namespaces"),
    option,
    options: all,
    flag,
  };
}

/** The number that an option says. Throws what Go's flags say of one that is none. */
export function integerOption(text: string, option: string, command: string): number {
  if (/^[+-]?[0-9]+$/.test(text)) return Number(text);
  throw new UsageError(
    `invalid argument "${text}" for "--${option}" flag: strconv.ParseInt: parsing "${text}": invalid syntax\nSee 'kubectl ${command} --help' for usage.`,
  );
}

/** The files that `-f` names: several options, or a list in one. */
export function filenames(args: Arguments): readonly string[] {
  return [...args.options("f"), ...args.options("filename")].flatMap((text) => text.split(","));
}
