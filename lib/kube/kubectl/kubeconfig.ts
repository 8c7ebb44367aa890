/**
 * `kubectl config`: contexts in the file `~/.kube/config` of the machine on which kubectl runs. There
 * is one cluster and one user; a context says in which namespace commands work that name none.
 *
 * Spec: kubectl v1.36, cmd/config; client-go tools/clientcmd.
 * Not modelled: other clusters and users, KUBECONFIG, --kubeconfig.
 */
import { fromUtf8, utf8 } from "../../base/bytes.ts";
import type { FileSystem } from "../../shell/files.ts";
import { asFields, mapIn, mapsIn, textIn } from "../api/fields.ts";
import { type Arguments, UsageError } from "./arguments.ts";
import type { KubectlFile } from "./manifest.ts";
import type { Output } from "./output.ts";
import { formatTable } from "./table.ts";
import { toYaml } from "./yaml-text.ts";

const PATH = "/root/.kube/config";
const CLUSTER = "kubernetes";
const USER = "kubernetes-admin";
const CONTEXT = `${USER}@${CLUSTER}`;

interface Context {
  readonly cluster: string;
  readonly user: string;
  readonly namespace: string;
}

/** What the file says. */
interface Kubeconfig {
  readonly contexts: Map<string, Context>;
  current: string;
}

type ReadText = (text: string, file: string) => KubectlFile;

/** The namespace of commands that name none, as `--context` or the current context says. */
export function contextNamespace(files: FileSystem, read: ReadText, args: Arguments): string {
  const asked = args.option("context");
  if (asked === null && files.read(PATH) === null) return "default";
  const { contexts, current } = readConfig(files, read);
  const context = contexts.get(asked ?? current);
  if (context === undefined) throw new UsageError(`context "${asked ?? current}" does not exist`);
  return context.namespace === "" ? "default" : context.namespace;
}

/** `kubectl config VERB …`. Throws what kubectl refuses. */
export function config(files: FileSystem, read: ReadText, args: Arguments, output: Output): void {
  const [verb = "", name] = args.words;
  const known = readConfig(files, read);
  switch (verb) {
    case "current-context":
      output.print(known.current);
      return;
    case "get-contexts":
      contextTable(known, args, output);
      return;
    case "get-clusters":
      output.print(`NAME\n${CLUSTER}`);
      return;
    case "get-users":
      output.print(`NAME\n${USER}`);
      return;
    case "view":
      output.write(toYaml(asYaml(known)));
      return;
    case "set-context":
      setContext(known, args, output);
      break;
    case "use-context":
    case "use":
      if (!known.contexts.has(name ?? "")) {
        throw new UsageError(`no context exists with the name: "${name ?? ""}"`);
      }
      known.current = name ?? "";
      output.print(`Switched to context "${name}".`);
      break;
    case "delete-context":
      if (!known.contexts.delete(name ?? "")) {
        throw new UsageError(`cannot delete context ${name}, not in ${PATH}`);
      }
      output.print(`deleted context ${name} from ${PATH}`);
      break;
    default:
      throw new UsageError(`config ${verb} is not modelled`);
  }
  files.write(PATH, utf8(toYaml(asYaml(known))));
}

function setContext(known: Kubeconfig, args: Arguments, output: Output): void {
  const name = args.flag("current") ? known.current : args.words[1];
  if (name === undefined) {
    throw new UsageError("you must specify a non-empty context name or --current");
  }
  const old = known.contexts.get(name);
  known.contexts.set(name, {
    cluster: args.option("cluster") ?? old?.cluster ?? "",
    user: args.option("user") ?? old?.user ?? "",
    namespace: args.option("namespace") ?? args.option("n") ?? old?.namespace ?? "",
  });
  output.print(`Context "${name}" ${old === undefined ? "created" : "modified"}.`);
}

function contextTable({ contexts, current }: Kubeconfig, args: Arguments, output: Output): void {
  const names = [...contexts.keys()].sort();
  if ((args.option("o") ?? args.option("output")) === "name") {
    for (const name of names) output.print(name);
    return;
  }
  const rows = names.map((name) => {
    const { cluster = "", user = "", namespace = "" } = contexts.get(name) ?? {};
    return [name === current ? "*" : "", name, cluster, user, namespace];
  });
  const head = ["CURRENT", "NAME", "CLUSTER", "AUTHINFO", "NAMESPACE"];
  output.write(formatTable(args.flag("no-headers") ? rows : [head, ...rows]));
}

function readConfig(files: FileSystem, read: ReadText): Kubeconfig {
  const bytes = files.read(PATH);
  if (bytes === null) {
    const context = { cluster: CLUSTER, user: USER, namespace: "" };
    return { contexts: new Map([[CONTEXT, context]]), current: CONTEXT };
  }
  const value = asFields(read(fromUtf8(bytes), PATH).manifests[0]?.value ?? {});
  const contexts = mapsIn(value, "contexts").map((entry): [string, Context] => {
    const inner = mapIn(entry, "context") ?? {};
    const [cluster, user] = [textIn(inner, "cluster"), textIn(inner, "user")];
    return [textIn(entry, "name"), { cluster, user, namespace: textIn(inner, "namespace") }];
  });
  return { contexts: new Map(contexts), current: textIn(value, "current-context") };
}

function asYaml({ contexts, current }: Kubeconfig): unknown {
  return {
    apiVersion: "v1",
    kind: "Config",
    "current-context": current,
    preferences: {},
    clusters: [
      {
        cluster: {
          "certificate-authority-data": "DATA+OMITTED",
          server: "https://control-plane:6443",
        },
        name: CLUSTER,
      },
    ],
    contexts: [...contexts].map(([name, { cluster, user, namespace }]) => ({
      context: { cluster, ...(namespace !== "" && { namespace }), user },
      name,
    })),
    users: [
      {
        name: USER,
        user: {
          "client-certificate-data": "DATA+OMITTED",
          "client-key-data": "DATA+OMITTED",
        },
      },
    ],
  };
}
