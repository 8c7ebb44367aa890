/**
 * The words behind the status in an answer's first line.
 *
 * Spec: RFC 9110 §15; Go net/http/status.go for those it does not know.
 */
const REASONS: ReadonlyMap<number, string> = new Map([
  [200, "OK"],
  [201, "Created"],
  [202, "Accepted"],
  [204, "No Content"],
  [206, "Partial Content"],
  [301, "Moved Permanently"],
  [302, "Found"],
  [303, "See Other"],
  [304, "Not Modified"],
  [307, "Temporary Redirect"],
  [308, "Permanent Redirect"],
  [400, "Bad Request"],
  [401, "Unauthorized"],
  [403, "Forbidden"],
  [404, "Not Found"],
  [405, "Method Not Allowed"],
  [408, "Request Timeout"],
  [410, "Gone"],
  [412, "Precondition Failed"],
  [417, "Expectation Failed"],
  [418, "I'm a teapot"],
  [429, "Too Many Requests"],
  [500, "Internal Server Error"],
  [501, "Not Implemented"],
  [502, "Bad Gateway"],
  [503, "Service Unavailable"],
  [504, "Gateway Timeout"],
]);

/** RFC 9110's words for a status; `status code N` where it has none, as Go writes it. */
export function reasonPhrase(status: number): string {
  return REASONS.get(status) ?? `status code ${status}`;
}
