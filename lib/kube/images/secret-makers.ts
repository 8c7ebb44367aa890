/**
 * Programs whose work is a Secret that other Pods mount, so that those wait until it is there: the
 * first Job of ingress-nginx, and MetalLB's controller.
 *
 * Spec: kubernetes/ingress-nginx images/kube-webhook-certgen (create, patch); MetalLB 0.14,
 * internal/k8s (CreateMlSecret).
 * Differs: keys and certificates are empty files, since nothing here speaks TLS or memberlist.
 */
import type { CommandContext } from "../../shell/command.ts";
import type { Program } from "../../sim/process.ts";
import type { Container } from "./container.ts";
import { generic } from "./generic.ts";
import { GoFlags } from "./go-server.ts";

/** `kube-webhook-certgen create | patch`: makes the Secret, and ends. */
export function* webhookCertgen(
  container: Container,
  _context: CommandContext,
  [subcommand = "", ...args]: readonly string[],
): Program<number> {
  if (subcommand !== "create") return 0;
  const known = args.flatMap((word) => /^--?([a-z0-9-]+)/.exec(word)?.[1] ?? []);
  const flags = new GoFlags("kube-webhook-certgen create", args, known);
  const fileOf = (kind: string, name: string): string => flags.text(`${kind}-name`, name);
  createSecret(container, flags.text("namespace", ""), flags.text("secret-name", ""), "Opaque", [
    "ca",
    fileOf("cert", "cert"),
    fileOf("key", "key"),
  ]);
  return 0;
}

/** MetalLB's controller: makes the key of the speakers' member list, and goes on. */
export function* metallbController(container: Container, context: CommandContext): Program<number> {
  const name = container.env.get("METALLB_ML_SECRET_NAME") ?? "";
  const { namespace } = container.pod;
  if (name !== "") createSecret(container, namespace, name, "Opaque", ["secretkey"]);
  return yield* generic(container, context);
}

function createSecret(
  container: Container,
  namespace: string,
  name: string,
  type: string,
  files: readonly string[],
): void {
  container.create({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { namespace: namespace || container.pod.namespace, name },
    type,
    data: Object.fromEntries(files.map((file) => [file, ""])),
  });
}
