/**
 * How a transfer fails.
 *
 * Spec: curl 7.88.1, libcurl-errors(3).
 */

/** curl's exit codes, as far as they occur here. */
export const Code = {
  OK: 0,
  UNSUPPORTED_PROTOCOL: 1,
  BAD_URL: 3,
  RESOLVE: 6,
  CONNECT: 7,
  WEIRD_SERVER: 8,
  PARTIAL: 18,
  HTTP_ERROR: 22,
  WRITE: 23,
  TIMEOUT: 28,
  INTERFACE: 45,
  TOO_MANY_REDIRECTS: 47,
  EMPTY: 52,
  SEND: 55,
  RECEIVE: 56,
} as const;

/** A transfer that failed: exit code and message. */
export class CurlError extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.name = "CurlError";
    this.code = code;
  }
}
