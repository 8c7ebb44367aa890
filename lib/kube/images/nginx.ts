/**
 * The `nginx` image: static files, and what a mounted configuration says.
 *
 * Spec: nginx 1.22 (src/http); nginx's container image (STOPSIGNAL SIGQUIT).
 * Differs: every answer has a field `Hostname` with the Pod's name, which the real one has not, so
 * that it can be seen who answered; files have the age of the image.
 * Not modelled: ranges, compression, directory listings, access logs.
 */
import type { AppHost } from "../../apps/app-host.ts";
import { formatHttpDate } from "../../apps/http-date.ts";
import { type Field, field, hasToken } from "../../apps/http-message.ts";
import { type HttpReply, type HttpRequest, HttpService } from "../../apps/http-service.ts";
import { fromUtf8, utf8 } from "../../base/bytes.ts";
import { errnoMessage } from "../../base/errno.ts";
import { formatIpv4 } from "../../base/inet.ts";
import { remembered } from "../../base/remembered.ts";
import { appHost } from "../../shell/app.ts";
import type { CommandContext } from "../../shell/command.ts";
import type { Program } from "../../sim/process.ts";
import type { Container } from "./container.ts";
import { parseImageName } from "./image-name.ts";
import {
  DOCUMENT_ROOT,
  type NginxConfig,
  NginxConfigError,
  type NginxLocation,
  type NginxServer,
  parseNginxConfig,
} from "./nginx-config.ts";
import { nginxManners, nginxPage } from "./nginx-manners.ts";
import { type NginxUpstream, resolveUpstreams } from "./nginx-proxy.ts";
import { WELCOME_PAGE } from "./pages.ts";
import { untilSignal } from "./signals.ts";

/** The last release of each branch, for tags that name a branch only. */
const RELEASES: Readonly<Record<string, string>> = {
  "1.14": "1.14.2",
  "1.16": "1.16.1",
  "1.17": "1.17.10",
  "1.18": "1.18.0",
  "1.19": "1.19.10",
  "1.20": "1.20.2",
  "1.21": "1.21.6",
  "1.22": "1.22.1",
  "1.23": "1.23.4",
  "1.24": "1.24.0",
  "1.25": "1.25.5",
  "1.26": "1.26.3",
  "1.27": "1.27.5",
  "1.28": "1.28.0",
};
const LATEST = "1.27.5";
/** The file of which all containers of the image have a copy; nobody writes into it. */
const WELCOME = utf8(WELCOME_PAGE);
/** 2024-04-16 14:29:59 UTC: the age of the image's files, in seconds since 1970. */
const FILE_AGE = 1_713_277_799;

const TYPES: Readonly<Record<string, string>> = {
  html: "text/html",
  htm: "text/html",
  css: "text/css",
  xml: "text/xml",
  txt: "text/plain",
  js: "application/javascript",
  json: "application/json",
  svg: "image/svg+xml",
  png: "image/png",
  ico: "image/x-icon",
};

/** nginx follows so many redirections inside of itself. */
const MAX_REDIRECTS = 10;
const DEFAULT_CONFIG = `server { listen 80; server_name localhost; location / { root ${DOCUMENT_ROOT}; index index.html index.htm; } }`;

/** What nginx calls itself by the image's tag: `1.25.3`, `1.25-alpine`, `latest`. */
const serverOf = remembered((image: string): { readonly name: string } => {
  const { tag } = parseImageName(image);
  const [version = ""] = /^[0-9]+\.[0-9]+(?:\.[0-9]+)?/.exec(tag) ?? [];
  const isWhole = /^[0-9]+\.[0-9]+\.[0-9]+$/.test(version);
  return { name: `nginx/${isWhole ? version : (RELEASES[version] ?? LATEST)}` };
});

/** The program `nginx`, in the foreground. */
export function* nginx(container: Container, context: CommandContext): Program<number> {
  const { files, processes } = context.host;
  if (!files.isDirectory(DOCUMENT_ROOT)) files.write(`${DOCUMENT_ROOT}/index.html`, WELCOME);
  const app = appHost(context);
  const config = readConfig(context);
  const upstreams = config === null ? null : yield* resolveUpstreams(app, config, context.io);
  if (config === null || upstreams === null) return 1;
  const { name: server } = serverOf(container.image);
  const site = new Site(container, app, config, upstreams, server, context);
  const services: HttpService[] = [];
  for (const port of new Set(config.servers.flatMap(({ ports }) => ports))) {
    const handler = (request: HttpRequest): Program<HttpReply> => site.answer(port, request);
    const service = new HttpService(app, nginxManners(server), handler, (name, program) =>
      processes.spawn(name, program),
    );
    const error = service.listen(port);
    if (error < 0) {
      context.io.stderr(
        `nginx: [emerg] bind() to 0.0.0.0:${port} failed (${-error}: ${errnoMessage(error)})\n`,
      );
      return 1;
    }
    services.push(service);
  }
  yield* untilSignal(context.signal);
  for (const service of services) service.stop();
  for (const service of services) yield* service.drained();
  return 0;
}

/** The files of a mounted configuration, or the image's own; null if nginx refuses it. */
function readConfig({ host, io }: CommandContext): NginxConfig | null {
  const wanted = (path: string): boolean => /^\/etc\/nginx\/conf\.d\/[^/]+\.conf$/.test(path);
  const paths = ["/etc/nginx/nginx.conf", ...host.files.paths("/etc/nginx/conf.d").filter(wanted)];
  const texts = paths.flatMap((path): [string, string][] => {
    const bytes = host.files.read(path);
    return bytes === null ? [] : [[path, fromUtf8(bytes)]];
  });
  try {
    const config = parseNginxConfig(texts);
    if (config.servers.length > 0 || texts.length > 0) return config;
    return parseNginxConfig([["/etc/nginx/conf.d/default.conf", DEFAULT_CONFIG]]);
  } catch (error) {
    if (!(error instanceof NginxConfigError)) throw error;
    io.stderr(`nginx: [emerg] ${error.message}\n`);
    return null;
  }
}

/** Answers requests by a configuration. */
class Site {
  readonly #container: Container;
  readonly #app: AppHost;
  readonly #config: NginxConfig;
  readonly #upstreams: ReadonlyMap<string, NginxUpstream>;
  readonly #server: string;
  readonly #context: CommandContext;

  constructor(
    container: Container,
    app: AppHost,
    config: NginxConfig,
    upstreams: ReadonlyMap<string, NginxUpstream>,
    server: string,
    context: CommandContext,
  ) {
    this.#container = container;
    this.#app = app;
    this.#config = config;
    this.#upstreams = upstreams;
    this.#server = server;
    this.#context = context;
  }

  *answer(port: number, request: HttpRequest): Program<HttpReply> {
    const [location, asked] = this.#chosen(port, request);
    const reply =
      location === null ? nginxPage(404, this.#server) : yield* this.#fromLocation(location, asked);
    const added = (location?.addHeaders ?? []).map(([name, value]): Field => {
      return [name, this.#expand(value, request)];
    });
    const hostname: Field = ["Hostname", this.#container.pod.hostname];
    const known = field(reply.fields, "Hostname") !== null ? [] : [hostname];
    return { ...reply, fields: [...reply.fields, ...added, ...known] };
  }

  /** The location of a request after `try_files`, which may ask for something else instead. */
  #chosen(port: number, request: HttpRequest): [NginxLocation | null, HttpRequest] {
    let location = this.#location(port, request);
    let asked = request;
    for (let turn = 0; turn < MAX_REDIRECTS; turn += 1) {
      const last = location?.tryFiles.at(-1);
      if (location === null || last === undefined) break;
      const found = this.#tried(location, asked);
      if (found !== null) return [location, found];
      const status = /^=([0-9]{3})$/.exec(last)?.[1];
      if (status !== undefined) {
        return [{ ...location, returns: { status: Number(status), text: "" } }, asked];
      }
      const target = this.#expand(last, asked);
      asked = target.startsWith("@") ? asked : { ...asked, target };
      location = this.#location(port, { ...asked, target });
    }
    return [location, asked];
  }

  /** The first of the files that `try_files` names before its last word; null if none is there. */
  #tried(location: NginxLocation, request: HttpRequest): HttpRequest | null {
    const { files } = this.#context.host;
    for (const word of location.tryFiles.slice(0, -1)) {
      const target = this.#expand(word, request).replace(/\/{2,}/g, "/");
      const path = `${location.root}${target}`;
      const isThere = word.endsWith("/")
        ? location.index.some((name) => files.read(`${path}${name}`) !== null)
        : files.read(path) !== null;
      if (isThere) return { ...request, target };
    }
    return null;
  }

  #location(port: number, { head, target }: HttpRequest): NginxLocation | null {
    const candidates = this.#config.servers.filter(({ ports }) => ports.includes(port));
    const host = (field(head.fields, "Host") ?? "").replace(/:[0-9]+$/, "").toLowerCase();
    const server: NginxServer | undefined =
      candidates.find(({ names }) => names.includes(host)) ?? candidates[0];
    const path = target.split("?", 1)[0] ?? "/";
    const fitting = (server?.locations ?? []).filter((one) =>
      one.exact ? one.path === path : path.startsWith(one.path),
    );
    fitting.sort((a, b) => Number(b.exact) - Number(a.exact) || b.path.length - a.path.length);
    return fitting[0] ?? null;
  }

  *#fromLocation(location: NginxLocation, request: HttpRequest): Program<HttpReply> {
    const { returns, proxyPass } = location;
    if (returns !== null) return this.#returned(location, returns, request);
    if (proxyPass === null) return this.#file(location, request);
    const upstream = this.#upstreams.get(location.proxyPass ?? "");
    if (upstream === undefined) return nginxPage(502, this.#server);
    const headers = location.proxyHeaders.map(([name, value]): Field => {
      return [name, this.#expand(value, request)];
    });
    const reply = yield* upstream.pass(this.#app, location.path, request, headers);
    return typeof reply === "number" ? nginxPage(reply, this.#server) : reply;
  }

  #returned(
    { defaultType }: NginxLocation,
    { status, text }: { readonly status: number; readonly text: string },
    request: HttpRequest,
  ): HttpReply {
    const value = this.#expand(text, request);
    if (status >= 301 && status <= 308 && status !== 304) {
      return nginxPage(status, this.#server, [["Location", value]]);
    }
    if (value === "" && status >= 400) return nginxPage(status, this.#server);
    return { status, fields: [["Content-Type", defaultType]], body: utf8(value) };
  }

  #file(location: NginxLocation, request: HttpRequest): HttpReply {
    if (request.method !== "GET" && request.method !== "HEAD") return nginxPage(405, this.#server);
    const { files } = this.#context.host;
    const path = request.target.split("?", 1)[0] ?? "/";
    const base =
      location.alias === null
        ? location.root + path
        : location.alias + path.slice(location.path.length);
    const candidates = base.endsWith("/") ? location.index.map((name) => base + name) : [base];
    for (const candidate of candidates) {
      const bytes = files.read(candidate);
      if (bytes === null) continue;
      const lastModified = formatHttpDate(FILE_AGE);
      const etag = `"${FILE_AGE.toString(16)}-${bytes.length.toString(16)}"`;
      const type = TYPES[/\.([a-z]+)$/.exec(candidate)?.[1] ?? ""] ?? location.defaultType;
      const { fields } = request.head;
      const isKnown =
        hasToken(fields, "If-None-Match", etag) ||
        field(fields, "If-Modified-Since") === lastModified;
      const common: Field[] = [
        ["Last-Modified", lastModified],
        ["ETag", etag],
      ];
      if (isKnown) return { status: 304, fields: common, body: new Uint8Array(0) };
      const all: Field[] = [["Content-Type", type], ...common, ["Accept-Ranges", "bytes"]];
      return { status: 200, fields: all, body: bytes, fromFile: true };
    }
    return nginxPage(base.endsWith("/") && files.isDirectory(base) ? 403 : 404, this.#server);
  }

  /** Puts the values of variables in their places. */
  #expand(text: string, { head, method, target, client }: HttpRequest): string {
    const host = field(head.fields, "Host") ?? "";
    const remote = formatIpv4(client.remote.address);
    const forwarded = field(head.fields, "X-Forwarded-For");
    const values: Readonly<Record<string, string>> = {
      host: host.replace(/:[0-9]+$/, ""),
      http_host: host,
      hostname: this.#container.pod.hostname,
      remote_addr: remote,
      remote_port: String(client.remote.port),
      server_addr: formatIpv4(client.local.address),
      server_port: String(client.local.port),
      request_method: method,
      request_uri: target,
      uri: target.split("?", 1)[0] ?? "",
      args: target.split("?")[1] ?? "",
      scheme: "http",
      proxy_add_x_forwarded_for: forwarded === null ? remote : `${forwarded}, ${remote}`,
    };
    return text.replace(/\$(?:\{([a-z_]+)\}|([a-z_]+))/g, (_whole, braced, plain) => {
      const name = String(braced ?? plain);
      if (name.startsWith("http_") && name !== "http_host") {
        return field(head.fields, name.slice("http_".length).replaceAll("_", "-")) ?? "";
      }
      return values[name] ?? "";
    });
  }
}
