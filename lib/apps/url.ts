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
  if (match === null) return null;
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

/** What stands in the Host field. */
export function hostField(url: HttpUrl): string {
  return url.portGiven ? `${url.host}:${url.port}` : url.host;
}

function defaultPort(scheme: string): number {
  return scheme === "https" ? 443 : 80;
}
