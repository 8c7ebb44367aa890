/**
 * nginx's configuration: blocks and directives, read to the servers and locations in them.
 *
 * Spec: nginx 1.22, src/core/ngx_conf_file.c; modules core, http, http_proxy, http_upstream.
 * Not modelled: regular expressions in locations, `if`, `rewrite`, `map`, TLS, `include`
 * of other files than `/etc/nginx/conf.d/*.conf`; directives that are not read have no effect.
 */

/** `name args;` or `name args { … }`. */
interface Directive {
  readonly name: string;
  readonly args: readonly string[];
  /** null: it has no block. */
  readonly block: readonly Directive[] | null;
  readonly line: number;
}

/** A `location` block. */
export interface NginxLocation {
  readonly path: string;
  readonly exact: boolean;
  /** `return CODE [TEXT]`. */
  readonly returns: { readonly status: number; readonly text: string } | null;
  readonly proxyPass: string | null;
  /** The arguments of `try_files`; empty without it. */
  readonly tryFiles: readonly string[];
  readonly root: string;
  readonly alias: string | null;
  readonly index: readonly string[];
  readonly defaultType: string;
  readonly addHeaders: readonly (readonly [string, string])[];
  readonly proxyHeaders: readonly (readonly [string, string])[];
  /** Where `proxy_pass` stands, for messages. */
  readonly place: string;
}

/** A `server` block. */
export interface NginxServer {
  readonly ports: readonly number[];
  readonly names: readonly string[];
  readonly locations: readonly NginxLocation[];
}

/** What the configuration says, as far as it is read. */
export interface NginxConfig {
  readonly servers: readonly NginxServer[];
  /** Groups of servers (`host:port`) by name. */
  readonly upstreams: ReadonlyMap<string, readonly string[]>;
}

/** A configuration that nginx refuses to start with. */
export class NginxConfigError extends Error {}

export const DOCUMENT_ROOT = "/usr/share/nginx/html";

/** Reads the files of a configuration, `nginx.conf` first. Throws `NginxConfigError`. */
export function parseNginxConfig(
  files: readonly (readonly [path: string, text: string])[],
): NginxConfig {
  const id = JSON.stringify(files);
  const known = parsed.get(id);
  if (known !== undefined) return known;
  const config = readConfig(files);
  if (parsed.size >= MAX_PARSED) parsed.clear();
  parsed.set(id, config);
  return config;
}

/** Configurations that were read, by their files: replicas have the same. */
const parsed = new Map<string, NginxConfig>();
/** With more than these, all are forgotten. */
const MAX_PARSED = 64;

function readConfig(files: readonly (readonly [path: string, text: string])[]): NginxConfig {
  const servers: NginxServer[] = [];
  const upstreams = new Map<string, readonly string[]>();
  for (const [path, text] of files) {
    const visit = (directives: readonly Directive[], outer: Settings): void => {
      const settings = settingsOf(directives, outer);
      for (const directive of directives) {
        const { name, args, block } = directive;
        if (block === null) continue;
        if (name === "http") visit(block, settings);
        else if (name === "server") servers.push(serverOf(block, settings, path));
        else if (name === "upstream") {
          const members = block.filter((inner) => inner.name === "server");
          upstreams.set(
            args[0] ?? "",
            members.map((inner) => inner.args[0] ?? ""),
          );
        }
      }
    };
    visit(parseDirectives(text, path), DEFAULTS);
  }
  return { servers, upstreams };
}

interface Settings {
  readonly root: string;
  readonly index: readonly string[];
  readonly defaultType: string;
  readonly addHeaders: readonly (readonly [string, string])[];
  readonly proxyHeaders: readonly (readonly [string, string])[];
}

const DEFAULTS: Settings = {
  root: DOCUMENT_ROOT,
  index: ["index.html"],
  defaultType: "application/octet-stream",
  addHeaders: [],
  proxyHeaders: [],
};

function settingsOf(directives: readonly Directive[], outer: Settings): Settings {
  const last = (name: string): readonly string[] | null =>
    directives.findLast((directive) => directive.name === name)?.args ?? null;
  const pairs = (name: string): [string, string][] =>
    directives
      .filter((directive) => directive.name === name)
      .map(({ args }) => [args[0] ?? "", args[1] ?? ""]);
  const [added, proxied] = [pairs("add_header"), pairs("proxy_set_header")];
  return {
    root: last("root")?.[0] ?? outer.root,
    index: last("index") ?? outer.index,
    defaultType: last("default_type")?.[0] ?? outer.defaultType,
    addHeaders: added.length > 0 ? added : outer.addHeaders,
    proxyHeaders: proxied.length > 0 ? proxied : outer.proxyHeaders,
  };
}

function serverOf(block: readonly Directive[], outer: Settings, path: string): NginxServer {
  const settings = settingsOf(block, outer);
  const ports = block
    .filter(({ name }) => name === "listen")
    .map(({ args }) => Number(/(?:^|:)([0-9]+)$/.exec(args[0] ?? "")?.[1] ?? 80));
  const locations = block
    .filter(({ name }) => name === "location")
    .map((directive) => locationOf(directive, settings, path));
  // What stands in the server itself is the answer to everything that no location takes.
  locations.push(locationOf({ name: "", args: [""], block, line: 0 }, settings, path));
  return {
    ports: [...new Set(ports.length === 0 ? [80] : ports)],
    names: block.filter(({ name }) => name === "server_name").flatMap(({ args }) => args),
    locations,
  };
}

function locationOf({ args, block }: Directive, outer: Settings, file: string): NginxLocation {
  const inner = block ?? [];
  const settings = settingsOf(inner, outer);
  const find = (name: string): Directive | undefined => inner.find((one) => one.name === name);
  const [returns, proxy] = [find("return"), find("proxy_pass")];
  const [first = "", second] = returns?.args ?? [];
  const isUrl = first.startsWith("http");
  return {
    ...settings,
    path: args.at(-1) ?? "/",
    exact: args[0] === "=",
    returns:
      returns === undefined
        ? null
        : { status: isUrl ? 302 : Number(first), text: isUrl ? first : (second ?? "") },
    proxyPass: proxy?.args[0] ?? null,
    tryFiles: find("try_files")?.args ?? [],
    alias: find("alias")?.args[0] ?? null,
    place: `${file}:${proxy?.line ?? 0}`,
  };
}

function parseDirectives(text: string, path: string): readonly Directive[] {
  const tokens = tokensOf(text);
  let next = 0;
  const block = (isInner: boolean): Directive[] => {
    const directives: Directive[] = [];
    let words: Token[] = [];
    for (;;) {
      const token = tokens[next];
      next += 1;
      if (token === undefined) {
        if (!isInner && words.length === 0) return directives;
        throw new NginxConfigError(`unexpected end of file, expecting ";" or "}" in ${path}`);
      }
      const { kind, line } = token;
      if (kind === "word") words.push(token);
      else if (kind === "}") {
        if (isInner && words.length === 0) return directives;
        throw new NginxConfigError(`unexpected "}" in ${path}:${line}`);
      } else {
        const [first, ...args] = words.map((word) => word.text);
        if (first === undefined)
          throw new NginxConfigError(`unexpected "${kind}" in ${path}:${line}`);
        directives.push({ name: first, args, block: kind === "{" ? block(true) : null, line });
        words = [];
      }
    }
  };
  return block(false);
}

interface Token {
  readonly kind: "word" | "{" | "}" | ";";
  readonly text: string;
  readonly line: number;
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  const pattern =
    /\s+|#[^\n]*|([{};])|"((?:[^"\\]|\\[\s\S])*)"|'((?:[^'\\]|\\[\s\S])*)'|((?:\$\{[^}]*\}|[^\s{};])+)/g;
  let line = 1;
  for (const match of text.matchAll(pattern)) {
    const [whole, mark, double, single, plain] = match;
    if (mark === "{" || mark === "}" || mark === ";") tokens.push({ kind: mark, text: mark, line });
    else {
      const quoted = double ?? single;
      const word =
        plain ?? quoted?.replace(/\\([nrt"'\\])/g, (_, char: string) => ESCAPES[char] ?? char);
      if (word !== undefined) tokens.push({ kind: "word", text: word, line });
    }
    line += whole.split("\n").length - 1;
  }
  return tokens;
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };
