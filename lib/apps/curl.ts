/**
 * `curl` for HTTP: the request that curl 7.88.1 sends, its socket calls, its messages, its exit
 * codes, and connections that are kept for the next URL.
 *
 * Spec: curl 7.88.1, src/tool_operate.c (post_per_transfer), src/tool_msgs.c (voutf).
 * Not modelled: TLS, HTTP/2, cookies, proxies, authentication, multipart forms, the progress meter.
 */
import { utf8 } from "../base/bytes.ts";
import { NS_PER_S } from "../base/units.ts";
import { type Program, sleep } from "../sim/process.ts";
import type { AppHost } from "./app-host.ts";
import { Code } from "./curl/error.ts";
import type { CurlOptions } from "./curl/options.ts";
import { formatWriteOut } from "./curl/report.ts";
import { CurlSession, type SaveFile } from "./curl/session.ts";
import { Transfer } from "./curl/transfer.ts";

const RETRY_STATUS: readonly number[] = [408, 429, 500, 502, 503, 504];
/** The wait doubles up to this. */
const LONGEST_DELAY = 600 * NS_PER_S;
const WARNING = "Warning: ";
/** How wide a warning may be. */
const TERMINAL_WIDTH = 79;

/** Runs curl for all URLs, one after the other; returns the last transfer's exit code. */
export function* curl(host: AppHost, options: CurlOptions, save: SaveFile): Program<number> {
  const session = new CurlSession(host, options, save);
  try {
    let code: number = Code.OK;
    for (const index of options.urls.keys()) code = yield* transferUrl(session, index);
    return code;
  } finally {
    session.close();
  }
}

/** One URL with its retries: the exit code. */
function* transferUrl(session: CurlSession, index: number): Program<number> {
  const { host, options } = session;
  const { retries, retryDelayNs, silent, showError, writeOut } = options;
  let delay = retryDelayNs === 0 ? NS_PER_S : retryDelayNs;
  for (let left = retries; ; left -= 1) {
    const transfer = new Transfer(session, index, retries - left);
    const code = yield* transfer.run();
    if (code !== Code.OK && (!silent || showError)) {
      host.stderr(`curl: (${code}) ${transfer.error}\n`);
    }
    const cause = left > 0 ? retryCause(options, code, transfer.status) : "";
    if (cause === "") {
      if (writeOut !== "") host.stdout(utf8(formatWriteOut(writeOut, transfer.report(code))));
      return code;
    }
    if (!silent) {
      const seconds = Math.floor(delay / NS_PER_S);
      const text = `Problem ${cause}. Will retry in ${seconds} seconds. ${left} retries left.`;
      host.stderr(wrapWarning(text));
    }
    yield sleep(delay);
    if (retryDelayNs === 0) delay = Math.min(2 * delay, LONGEST_DELAY);
  }
}

/** Why a transfer is tried again, in curl's words, or "" if it is not. */
function retryCause(options: CurlOptions, code: number, status: number): string {
  const { retryConnRefused, retryAllErrors, fail } = options;
  if (code === Code.TIMEOUT || code === Code.RESOLVE) return ": timeout";
  if (code === Code.CONNECT && retryConnRefused) return ": connection refused";
  if ((code === Code.OK || (fail && code === Code.HTTP_ERROR)) && RETRY_STATUS.includes(status)) {
    return ": HTTP error";
  }
  return code !== Code.OK && retryAllErrors ? "(retrying all errors)" : "";
}

/** A warning in lines that fit, its line end counted; the blank at which it is cut stays. */
function wrapWarning(text: string): string {
  const width = TERMINAL_WIDTH - WARNING.length;
  let lines = "";
  let rest = text;
  while (rest.length >= width) {
    const blank = rest.lastIndexOf(" ", width - 1);
    const end = blank <= 0 ? width : blank + 1;
    lines += `${WARNING}${rest.slice(0, end)}\n`;
    rest = rest.slice(end);
  }
  return `${lines}${WARNING}${rest}\n`;
}
