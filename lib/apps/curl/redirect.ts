/**
 * Redirections that `-L` follows.
 *
 * Spec: RFC 9110 §15.4; curl 7.88.1, lib/transfer.c (Curl_follow).
 */
import { field, type MessageHead } from "../http-message.ts";
import { type HttpUrl, resolveReference } from "../url.ts";

/** Where an answer sends the client, or null for nowhere. */
export function redirection(head: MessageHead | null, url: HttpUrl): string | null {
  if (head === null || !/^3[0-9][0-9]$/.test(head.startLine[1])) return null;
  const target = field(head.fields, "Location");
  return target === null || target === "" ? null : resolveReference(url, target);
}

/** What curl says when a redirection with that status takes the body of a request away, or null. */
export function dropsBody(status: number): string | null {
  if (status === 303) return "Switch to GET";
  return status === 301 || status === 302 ? "Switch from POST to GET" : null;
}
