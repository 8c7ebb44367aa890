/**
 * `kubectl auth`: who asks, and what he may do: the administrator, anything.
 *
 * Spec: kubectl v1.36, cmd/auth.
 * Not modelled: authorization, and so `--as`, `can-i --list`, reconcile.
 */
import type { ApiServer } from "../api/server.ts";
import { type Arguments, UsageError } from "./arguments.ts";
import type { Output } from "./output.ts";
import { requireResource } from "./select.ts";
import { formatTable } from "./table.ts";

/** `auth whoami`, `auth can-i VERB TYPE`. */
export function auth(server: ApiServer, args: Arguments, output: Output): void {
  const [action = "", verb, type] = args.words;
  if (action === "whoami") {
    output.write(
      formatTable([
        ["ATTRIBUTE", "VALUE"],
        ["Username", "kubernetes-admin"],
        ["Groups", "[kubeadm:cluster-admins system:authenticated]"],
      ]),
    );
    return;
  }
  if (action !== "can-i" || args.flag("list")) {
    throw new UsageError(`auth ${action}${args.flag("list") ? " --list" : ""} is not modelled`);
  }
  if (args.option("as") !== null) throw new UsageError("auth can-i --as is not modelled");
  if (verb === undefined || type === undefined) {
    throw new UsageError(
      "you must specify two arguments: verb resource or verb resource/resourceName.\nSee 'kubectl auth can-i -h' for help and examples.",
    );
  }
  const [resource = ""] = type.split("/");
  if (resource !== "" && resource !== "*") warnOfUnknown(server, resource, output);
  output.print("yes");
}

function warnOfUnknown(server: ApiServer, resource: string, output: Output): void {
  try {
    requireResource(server, resource);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    output.warn(`Warning: the server doesn't have a resource type '${resource}'\n`);
  }
}
