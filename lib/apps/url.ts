/**
 * URLs of the kind that HTTP clients take.
 *
 * Spec: RFC 3986 §3; RFC 9110 §4.2.1 (`http`).
 * Not modelled: user information, IPv6 literals, international names.
 */

/** A URL in its parts. */
export interface HttpUrl {
  readonly scheme: string;
  readonly host: string;
  readonly port: number;
  /** Whether the port is written in the URL. */
  readonly portGiven: boolean;
  /** Path and query, beginning with `/`. */
  readonly target: string;
}

/** Splits a URL; `http` is taken if it names no scheme. Null if it is none. */
export function parseUrl(text: string): HttpUrl | null {
  const match =
    /^(?:([A-Za-z][A-Za-z0-9+.-]*):\/\/)?([^/?#:\s]+)(?::([0-9]*))?([/?][^#]*)?(?:#.*)?$/.exec(
      text,
    );
  const hasNoHost = /^[a-z][a-z0-9+.-]*:\/\/(?:[/?#]|$)/i.test(text);
  if (match === null || hasNoHost) return null;
  const scheme = (match[1] ?? "http").toLowerCase();
  const portText = match[3] ?? "";
  const port = portText === "" ? defaultPort(scheme) : Number(portText);
  if (port > 65535) return null;
  const rest = match[4] ?? "/";
  return {
    scheme,
    host: match[2] ?? "",
    port,
    portGiven: portText !== "" && port !== defaultPort(scheme),
    target: rest.startsWith("/") ? rest : `/${rest}`,
  };
}

/** The URL that a reference means on a page of `base` (RFC 3986 §5.2). */
export function resolveReference(base: HttpUrl, reference: string): string {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(reference)) return reference;
  if (reference.startsWith("//")) return `${base.scheme}:${reference}`;
  const root = `${base.scheme}://${hostField(base)}`;
  const path = base.target.replace(/\?.*$/, "");
  if (reference.startsWith("?")) return `${root}${path}${reference}`;
  const merged = reference.startsWith("/") ? reference : path.replace(/[^/]*$/, "") + reference;
  const [, onlyPath = "", rest = ""] = /^([^?#]*)(.*)$/.exec(merged) ?? [];
  return `${root}${withoutDots(onlyPath)}${rest}`;
}

/** Takes `.` and `..` out of a path that begins with `/` (RFC 3986 §5.2.4). */
function withoutDots(path: string): string {
  const kept: string[] = [];
  const segments = path.slice(1).split("/");
  for (const [index, segment] of segments.entries()) {
    if (segment === "..") kept.pop();
    else if (segment !== ".") kept.push(segment);
    if ((segment === "." || segment === "..") && index === segments.length - 1) kept.push("");
  }
  return `/${kept.join("/")}`;
}

/** What stands in the Host field. */
export function hostField(url: HttpUrl): string {
  return url.portGiven ? `${url.host}:${url.port}` : url.host;
}

function defaultPort(scheme: string): number {
  return scheme === "https" ? 443 : 80;
}
