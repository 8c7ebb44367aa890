/**
 * What the commands of net-tools share: how they read addresses.
 *
 * Spec: net-tools 2.10, lib/inet.c (INET_resolve, INET_herror).
 */
import { type Ipv4, isIpv4, parseIpv4 } from "../../base/inet.ts";
import { ToolError } from "../command.ts";

/** What looks like a name that a resolver would be asked for. */
const NAME = /^[a-z](?:[a-z0-9.-]*[a-z0-9])?$/i;

/**
 * Reads an address, or `default` as 0.0.0.0. Refuses all else as the tools do where no resolver
 * answers, with exit status `status` and `more` behind the text.
 */
export function readHost(text: string, status: number, more = ""): Ipv4 {
  if (text === "default") return 0 as Ipv4;
  if (isIpv4(text)) return parseIpv4(text);
  const why = NAME.test(text) ? "Host name lookup failure" : "Unknown host";
  throw new ToolError(`${text}: ${why}\n${more}`, status);
}
