/** What images written in Go share: an HTTP server on a port, its log lines, its flags, its end. */
import { GO_MANNERS } from "../../apps/go-http.ts";
import {
  type Http2Handler,
  type HttpHandler,
  HttpService,
  type Spawn,
} from "../../apps/http-service.ts";
import { errnoMessage } from "../../base/errno.ts";
import { NS_PER_S } from "../../base/units.ts";
import { civilDate } from "../../base/wall-clock.ts";
import { appHost } from "../../shell/app.ts";
import { type CommandContext, notModelled } from "../../shell/command.ts";

/** What `log.Printf` prints to standard error: `2023/11/14 22:13:20 text`. */
export function logLine({ host, io }: CommandContext, text: string): void {
  const seconds = host.epochSeconds + Math.floor(host.namespace.cpu.now / NS_PER_S);
  io.stderr(`${formatTimestamp(seconds, "/")} ${text}\n`);
}

/** `2023/11/14 22:13:20` of seconds since 1970, the date's parts joined by `separator`. */
export function formatTimestamp(seconds: number, separator: string): string {
  const day = Math.floor(seconds / 86_400);
  const { year, month, dayOfMonth } = civilDate(day);
  const two = (value: number): string => String(value).padStart(2, "0");
  const rest = seconds - day * 86_400;
  const clock = [Math.floor(rest / 3600), Math.floor(rest / 60) % 60, rest % 60].map(two);
  return `${[year, two(month), two(dayOfMonth)].join(separator)} ${clock.join(":")}`;
}

/** Serves on a port; false if that is not possible, which has been logged. */
export function serveGo(
  context: CommandContext,
  port: number,
  handler: HttpHandler,
  http2: Http2Handler | null = null,
): boolean {
  const { processes } = context.host;
  const spawn: Spawn = (name, program) => processes.spawn(name, program);
  const service = new HttpService(appHost(context), GO_MANNERS, handler, spawn, http2);
  const error = service.listen(port);
  if (error === 0) return true;
  logLine(context, `listen tcp :${port}: bind: ${errnoMessage(error).toLowerCase()}`);
  return false;
}

/** Flags as Go's `flag` and pflag read them: `-name value`, `--name=value`. */
export class GoFlags {
  readonly #values = new Map<string, string>();
  readonly words: string[] = [];

  /** `booleans` take no value of their own. Throws `VW_COMMAND` for names not in `known`. */
  constructor(
    command: string,
    args: readonly string[],
    known: readonly string[],
    booleans: readonly string[] = [],
  ) {
    const left = [...args];
    for (let word = left.shift(); word !== undefined; word = left.shift()) {
      const match = /^--?([A-Za-z][^=]*)(?:=([\s\S]*))?$/.exec(word);
      if (match === null) {
        this.words.push(word);
        continue;
      }
      const [, name = "", value] = match;
      const isBoolean = booleans.includes(name);
      if (!isBoolean && !known.includes(name)) {
        const all = [...known, ...booleans].map((flag) => `--${flag}`).join(" ");
        throw notModelled(command, word, `flags are ${all}`);
      }
      this.#values.set(name, value ?? (isBoolean ? "true" : (left.shift() ?? "")));
    }
  }

  text(name: string, absent: string): string {
    return this.#values.get(name) ?? absent;
  }

  number(name: string, absent: number): number {
    const text = this.#values.get(name);
    return text === undefined || !/^-?[0-9]+$/.test(text) ? absent : Number(text);
  }

  boolean(name: string, absent: boolean): boolean {
    const text = this.#values.get(name);
    return text === undefined ? absent : text === "true" || text === "1";
  }
}

/** The parameters of a request's query, and of a form in its body. */
export function formValues(target: string, body = ""): ReadonlyMap<string, string> {
  const query = target.split("?", 2)[1] ?? "";
  const values = new Map<string, string>();
  for (const pair of `${body}&${query}`.split("&")) {
    const [name = "", ...rest] = pair.split("=");
    if (name !== "" && !values.has(unescapeQuery(name))) {
      values.set(unescapeQuery(name), unescapeQuery(rest.join("=")));
    }
  }
  return values;
}

/** A request's path, without its query. */
export function pathOf(target: string): string {
  return unescapeQuery((target.split("?", 1)[0] ?? "").replaceAll("+", "%2B"));
}

function unescapeQuery(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return text;
  }
}
