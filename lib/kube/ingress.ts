/**
 * Which Service an HTTP request goes to by the Ingress objects, and the endpoints behind it: the
 * routing table that ingress-nginx builds.
 *
 * Spec: networking.k8s.io/v1 (Ingress, IngressClass); ingress-nginx 1.11,
 * internal/ingress/controller (getBackendServers, ingress class rules), path matching by nginx's
 * locations (exact before the longest prefix).
 * docs/user-guide/ingress-path-matching.md, docs/examples/rewrite; rootfs/etc/nginx/lua
 * (redirect_to_https, certificate.configured_for_current_request).
 * Not modelled: annotations other than those of `LocationSettings` and `CanaryRule`, targets of
 * rewrites that are other hosts, resource backends, ExternalName.
 */
import {
  canaryRule,
  type LocationSettings,
  locationSettings,
  PLAIN_SETTINGS,
  type Redirect,
} from "./ingress-annotations.ts";
import type { Canary, IngressTarget } from "./ingress-backend.ts";
import type { Ingress, IngressBackend } from "./ingress-objects.ts";
import { compareNames } from "./objects.ts";

/** How a path is compared: all of it, whole elements of it, or as a string's beginning. */
type PathMatch = "exact" | "elements" | "string";

/** One path of one host: where it leads. */
interface Location {
  readonly path: string;
  readonly match: PathMatch;
  readonly namespace: string;
  readonly backend: IngressBackend;
  readonly settings: LocationSettings;
  readonly canaries: Canary[];
}

/** The locations of one host; "" is the server for hosts that no rule names. */
interface Server {
  readonly host: string;
  readonly locations: Location[];
  defaultBackend: Location | null;
  /** Some Ingress wants regular expressions for this host, so all its paths are taken for such. */
  usesRegex: boolean;
  /** Some Ingress names the host in its `tls`. */
  hasTls: boolean;
  /** Where `/` is sent to; "" for nowhere. */
  appRoot: string;
}

/** The routing table of some Ingresses; of two that claim a path, the older one has it. */
export class IngressRoutes {
  readonly #servers = new Map<string, Server>();

  constructor(ingresses: readonly Ingress[]) {
    const inOrder = byAge(ingresses);
    const isCanary = ({ metadata }: Ingress) => canaryRule(metadata.annotations) !== null;
    for (const ingress of inOrder) if (!isCanary(ingress)) this.#add(ingress);
    for (const ingress of inOrder) if (isCanary(ingress)) this.#addCanary(ingress);
  }

  /** The backend of a request, or null where the 404 of the default backend is due. */
  find(host: string, path: string): IngressTarget | null {
    for (const name of hostPatterns(host.toLowerCase())) {
      const server = this.#servers.get(name);
      if (server === undefined) continue;
      // nginx chooses a server by the host first, and never comes back to another one.
      const found = server.usesRegex
        ? firstMatch(server.locations, path)
        : bestLocation(server.locations, path);
      const location = found ?? server.defaultBackend;
      if (location === null) return null;
      const { namespace, backend, canaries, settings } = location;
      const { toTls, allowed } = settings;
      const goesToTls = toTls === "always" || (toTls === "if-host-has" && this.#hasTls(host));
      const redirect = settings.redirect ?? rootRedirect(server, host, path);
      const to = { path: rewritten(location, path), toTls: goesToTls, redirect, allowed };
      return { namespace, backend, canaries, ...to };
    }
    return null;
  }

  #hasTls(host: string): boolean {
    const names = hostPatterns(host.toLowerCase());
    return names.some((name) => this.#servers.get(name)?.hasTls === true);
  }

  #add({ metadata, spec }: Ingress): void {
    const namespace = metadata.namespace ?? "default";
    const settings = locationSettings(metadata.annotations);
    const plain = { ...PLAIN_SETTINGS, toTls: settings.toTls };
    const fallback =
      spec.defaultBackend?.service === undefined
        ? null
        : { ...ROOT, namespace, backend: spec.defaultBackend, settings: plain, canaries: [] };
    const rules = spec.rules ?? [];
    if (fallback !== null && rules.length === 0) this.#server("").defaultBackend ??= fallback;
    for (const { host = "", http } of rules) {
      const server = this.#server(host.toLowerCase());
      server.defaultBackend ??= fallback;
      if (settings.appRoot !== "") server.appRoot = settings.appRoot;
      for (const alias of settings.aliases) {
        if (!this.#servers.has(alias)) this.#servers.set(alias, server);
      }
      for (const { path = "/", pathType, backend } of http?.paths ?? []) {
        // Backends that are no Services are passed over.
        if (backend.service === undefined) continue;
        const match = matchOf(pathType);
        const location = { path, match, namespace, backend, settings, canaries: [] };
        const isTaken = server.locations.some(
          (known) => known.path === path && (known.match === "exact") === (pathType === "Exact"),
        );
        if (isTaken) continue;
        server.locations.push(location);
        server.usesRegex ||= settings.usesRegex || isRewritten(location);
      }
    }
    for (const { hosts = [] } of spec.tls ?? []) {
      for (const host of hosts) {
        const server = this.#servers.get(host.toLowerCase());
        if (server !== undefined) server.hasTls = true;
      }
    }
  }

  /** A canary has no locations of its own, only parts of the requests for those that are there. */
  #addCanary({ metadata, spec }: Ingress): void {
    const namespace = metadata.namespace ?? "default";
    const rule = canaryRule(metadata.annotations);
    if (rule === null) return;
    for (const { host = "", http } of spec.rules ?? []) {
      const server = this.#servers.get(host.toLowerCase());
      for (const { path = "/", backend } of http?.paths ?? []) {
        const location = server?.locations.find((known) => known.path === path);
        if (backend.service !== undefined) location?.canaries.push({ rule, namespace, backend });
      }
    }
  }

  #server(host: string): Server {
    let server = this.#servers.get(host);
    if (server === undefined) {
      server = {
        host,
        locations: [],
        defaultBackend: null,
        usesRegex: false,
        hasTls: false,
        appRoot: "",
      };
      this.#servers.set(host, server);
    }
    return server;
  }
}

function rootRedirect({ appRoot }: Server, host: string, path: string): Redirect | null {
  if (appRoot === "" || path !== "/") return null;
  return { status: 302, location: `http://${host}${appRoot}` };
}

/** Where `/` leads without a rule. */
const ROOT = { path: "/", match: "string" } as const;

function matchOf(pathType: string): PathMatch {
  if (pathType === "Exact") return "exact";
  return pathType === "Prefix" ? "elements" : "string";
}

/** The exact path, else the longest one that the request's begins with. */
function bestLocation(locations: readonly Location[], path: string): Location | null {
  let best: Location | null = null;
  for (const location of locations) {
    if (location.match === "exact") {
      if (location.path === path) return location;
      continue;
    }
    const fits =
      location.match === "elements"
        ? isPrefix(location.path, path)
        : path.startsWith(location.path);
    if (fits && (best === null || trimmed(location.path).length > trimmed(best.path).length)) {
      best = location;
    }
  }
  return best;
}

/** The first by length whose regular expression fits the beginning, whatever its type. */
function firstMatch(locations: readonly Location[], path: string): Location | null {
  const inOrder = [...locations].sort(
    (a, b) => b.path.length - a.path.length || compareNames(b.path, a.path),
  );
  return inOrder.find((location) => regexOf(`^${location.path}`)?.test(path) === true) ?? null;
}

function isRewritten({ path, settings: { rewrite } }: Location): boolean {
  return rewrite !== "" && rewrite !== path;
}

/** The path that the backend is asked for: groups that took no part are empty. */
function rewritten(location: Location, path: string): string | null {
  const groups = isRewritten(location) ? regexOf(location.path)?.exec(path) : null;
  if (groups === null || groups === undefined) return null;
  return location.settings.rewrite.replace(
    /\$([0-9])/g,
    (_all, group) => groups[Number(group)] ?? "",
  );
}

/** nginx's `~*`; null for what is no regular expression. */
function regexOf(text: string): RegExp | null {
  try {
    return new RegExp(text, "i");
  } catch {
    return null;
  }
}

/** `/foo` is a prefix of `/foo` and `/foo/bar`, not of `/foobar`. */
function isPrefix(prefix: string, path: string): boolean {
  const start = trimmed(prefix);
  return path === start || path.startsWith(`${start}/`);
}

function trimmed(path: string): string {
  return path.replace(/\/+$/, "");
}

/** The host itself, then the wildcard for its first label, then the server for all. */
function hostPatterns(host: string): string[] {
  const dot = host.indexOf(".");
  return dot === -1 ? [host, ""] : [host, `*${host.slice(dot)}`, ""];
}

function byAge(ingresses: readonly Ingress[]): Ingress[] {
  const key = ({ metadata }: Ingress): string =>
    `${metadata.creationTimestamp ?? ""} ${metadata.namespace ?? "default"}/${metadata.name}`;
  return [...ingresses].sort((a, b) => compareNames(key(a), key(b)));
}
