/**
 * `kubectl create` of what gives access and limits it: Ingresses, roles and their bindings, quotas,
 * disruption budgets, priority classes.
 *
 * Spec: kubectl v1.36, cmd/create (create_ingress.go, create_role.go, create_quota.go …).
 */
import { findResource, groupOf } from "../api/resources.ts";
import type { NewObject } from "../api/types.ts";
import { type Arguments, UsageError } from "./arguments.ts";

const RBAC = "rbac.authorization.k8s.io";

/** Makes the object that the options describe; `kind` is as it was typed. Null for other kinds. */
export function accessObject(args: Arguments, kind: string, name: string): NewObject | null {
  switch (kind) {
    case "ingress":
    case "ing":
      return ingress(args, name);
    case "role":
      return { apiVersion: `${RBAC}/v1`, kind: "Role", metadata: { name }, rules: rules(args) };
    case "clusterrole":
      return {
        apiVersion: `${RBAC}/v1`,
        kind: "ClusterRole",
        metadata: { name },
        rules: rules(args),
      };
    case "rolebinding":
      return binding(args, "RoleBinding", name);
    case "clusterrolebinding":
      return binding(args, "ClusterRoleBinding", name);
    case "quota":
    case "resourcequota":
      return quota(args, name);
    case "poddisruptionbudget":
    case "pdb":
      return budget(args, name);
    case "priorityclass":
    case "pc":
      return priorityClass(args, name);
    default:
      return null;
  }
}

function list(args: Arguments, option: string): string[] {
  return args.options(option).flatMap((text) => text.split(","));
}

function ingress(args: Arguments, name: string): NewObject {
  const texts = args.options("rule");
  const fallback = args.option("default-backend");
  if (texts.length === 0 && fallback === null) {
    throw new UsageError(
      "not enough information provided: every ingress has to either specify a default-backend (which catches all traffic) or a list of rules (which catch specific paths)",
    );
  }
  const hosts = new Map<string, unknown[]>();
  const tls: unknown[] = [];
  for (const text of texts) {
    const [, place = "", service = "", options = ""] =
      /^([^=]*)=([^,]+:[^,]+)(?:,(.*))?$/.exec(text) ?? [];
    if (service === "") {
      throw new UsageError(
        `rule ${text} is invalid and should be in format host/path=svcname:svcport[,tls[=secret]]`,
      );
    }
    const [host = "", path = ""] = place.split(/\/(.*)/s);
    const isPrefix = path.endsWith("*");
    const paths = hosts.get(host) ?? [];
    hosts.set(host, paths);
    paths.push({
      path: `/${isPrefix ? path.slice(0, -1) : path}`,
      pathType: isPrefix ? "Prefix" : "Exact",
      backend: backend(service),
    });
    const [, secretName] = /^tls(?:=(.*))?$/.exec(options) ?? [];
    if (options.startsWith("tls")) {
      tls.push({ ...(host !== "" && { hosts: [host] }), ...(secretName && { secretName }) });
    }
  }
  const annotations = Object.fromEntries(
    args.options("annotation").map((text) => text.split(/=(.*)/s).slice(0, 2)),
  );
  const ingressClassName = args.option("class");
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: { name, ...(args.option("annotation") !== null && { annotations }) },
    spec: {
      ...(ingressClassName !== null && { ingressClassName }),
      ...(fallback !== null && { defaultBackend: backend(fallback) }),
      ...(tls.length > 0 && { tls }),
      ...(hosts.size > 0 && {
        rules: [...hosts].map(([host, paths]) => ({
          ...(host !== "" && { host }),
          http: { paths },
        })),
      }),
    },
  };
}

function backend(text: string): unknown {
  const [name = "", port = ""] = text.split(":");
  const isNumber = /^[0-9]+$/.test(port);
  return { service: { name, port: isNumber ? { number: Number(port) } : { name: port } } };
}

function rules(args: Arguments): unknown[] {
  const verbs = list(args, "verb");
  if (verbs.length === 0) throw new UsageError("at least one verb must be specified");
  const urls = list(args, "non-resource-url");
  if (urls.length > 0) return [{ nonResourceURLs: urls, verbs }];
  const names = list(args, "resource-name");
  const groups = new Map<string, string[]>();
  for (const text of list(args, "resource")) {
    const [type = "", sub] = text.split("/");
    const found = findResource(type);
    if (found === null) throw new UsageError(`the server doesn't have a resource type "${type}"`);
    const group = groupOf(found.apiVersion);
    const resources = groups.get(group) ?? [];
    groups.set(group, resources);
    resources.push(sub === undefined ? found.plural : `${found.plural}/${sub}`);
  }
  if (groups.size === 0) throw new UsageError("at least one resource must be specified");
  return [...groups].map(([group, resources]) => ({
    apiGroups: [group],
    ...(names.length > 0 && { resourceNames: names }),
    resources,
    verbs,
  }));
}

function binding(args: Arguments, kind: string, name: string): NewObject {
  const role = args.option("role");
  const clusterRole = args.option("clusterrole");
  if ((role === null) === (clusterRole === null)) {
    throw new UsageError("exactly one of clusterrole or role must be specified");
  }
  const subject = (of: string) => (subjectName: string) => ({
    apiGroup: RBAC,
    kind: of,
    name: subjectName,
  });
  const accounts = list(args, "serviceaccount").map((text) => {
    const [namespace = "", account = ""] = text.split(":");
    if (namespace === "" || account === "") {
      throw new UsageError("serviceaccount must be <namespace>:<name>");
    }
    return { kind: "ServiceAccount", name: account, namespace };
  });
  return {
    apiVersion: `${RBAC}/v1`,
    kind,
    metadata: { name },
    roleRef: {
      apiGroup: RBAC,
      kind: role === null ? "ClusterRole" : "Role",
      name: role ?? clusterRole ?? "",
    },
    subjects: [
      ...list(args, "user").map(subject("User")),
      ...list(args, "group").map(subject("Group")),
      ...accounts,
    ],
  };
}

function quota(args: Arguments, name: string): NewObject {
  const hard = Object.fromEntries(list(args, "hard").map((text) => text.split("=").slice(0, 2)));
  const scopes = list(args, "scopes");
  return {
    apiVersion: "v1",
    kind: "ResourceQuota",
    metadata: { name },
    spec: {
      ...(args.option("hard") !== null && { hard }),
      ...(scopes.length > 0 && { scopes }),
    },
  };
}

function budget(args: Arguments, name: string): NewObject {
  const selector = args.option("selector") ?? args.option("l");
  if (selector === null) throw new UsageError("a selector must be specified");
  const least = args.option("min-available");
  const most = args.option("max-unavailable");
  if (least === null && most === null) {
    throw new UsageError("one of min-available or max-unavailable must be specified");
  }
  const amount = (text: string) => (/^[0-9]+$/.test(text) ? Number(text) : text);
  return {
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: { name },
    spec: {
      ...(least !== null && { minAvailable: amount(least) }),
      ...(most !== null && { maxUnavailable: amount(most) }),
      selector: {
        matchLabels: Object.fromEntries(selector.split(",").map((text) => text.split("="))),
      },
    },
  };
}

function priorityClass(args: Arguments, name: string): NewObject {
  const value = args.option("value");
  if (value === null) throw new UsageError("value must be specified");
  const description = args.option("description");
  return {
    apiVersion: "scheduling.k8s.io/v1",
    kind: "PriorityClass",
    metadata: { name },
    value: Number(value),
    preemptionPolicy: args.option("preemption-policy") ?? "PreemptLowerPriority",
    ...(args.flag("global-default") && { globalDefault: true }),
    ...(description !== null && { description }),
  };
}
