/**
 * The request that curl writes: its method, its target, its fields.
 *
 * Spec: curl 7.88.1, lib/http.c (Curl_http, Curl_add_custom_headers).
 */
import { fromUtf8 } from "../../base/bytes.ts";
import { type Field, formatHead } from "../http-message.ts";
import { type HttpUrl, hostField } from "../url.ts";
import type { CurlOptions } from "./options.ts";

/** What the head of a request is made from. */
export interface RequestPlan {
  readonly url: HttpUrl;
  /** What is sent behind the head; null for nothing. */
  readonly body: Uint8Array | null;
  /** Whether the body waits for `100 Continue`. */
  readonly expects: boolean;
}

type CustomField = readonly [name: string, value: string | null];

/** `GET`, `HEAD`, `POST`, or what `-X` says. */
export function requestMethod(options: CurlOptions, body: Uint8Array | null): string {
  return options.method ?? (options.head ? "HEAD" : body === null ? "GET" : "POST");
}

/** The head as it goes out. */
export function requestHead(options: CurlOptions, { url, body, expects }: RequestPlan): string {
  const own = customFields(options.headers);
  const named = (name: string): CustomField | undefined => own.find(([known]) => same(known, name));
  const ownHost = named("Host");
  const list: Field[] = [];
  if (ownHost?.[1] !== null) list.push(["Host", ownHost?.[1] ?? hostField(url)]);
  const { userAgent } = options;
  if (named("User-Agent") === undefined && userAgent !== "") list.push(["User-Agent", userAgent]);
  if (named("Accept") === undefined) list.push(["Accept", "*/*"]);
  for (const [name, value] of own) {
    if (!same(name, "Host") && value !== null) list.push([name, value]);
  }
  if (body !== null) {
    const add = (name: string, value: string): void => {
      if (named(name) === undefined) list.push([name, value]);
    };
    add("Content-Length", String(body.length));
    add("Content-Type", "application/x-www-form-urlencoded");
    if (expects) add("Expect", "100-continue");
  }
  const version = options.http10 ? "HTTP/1.0" : "HTTP/1.1";
  const start = `${requestMethod(options, body)} ${targetWithData(options, url)} ${version}`;
  return formatHead(start, list);
}

/** The target, with the data of `-G` in its query. */
function targetWithData({ get, body }: CurlOptions, url: HttpUrl): string {
  if (!get || body === null) return url.target;
  return `${url.target}${url.target.includes("?") ? "&" : "?"}${fromUtf8(body)}`;
}

/** `Name: value` lines of `-H`; `Name:` takes a field away (null), `Name;` sends it empty. */
function customFields(headers: readonly string[]): CustomField[] {
  return headers.flatMap((line): CustomField[] => {
    const colon = line.indexOf(":");
    if (colon > 0) return [[line.slice(0, colon), line.slice(colon + 1).trim() || null]];
    return line.endsWith(";") ? [[line.slice(0, -1), ""]] : [];
  });
}

function same(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
