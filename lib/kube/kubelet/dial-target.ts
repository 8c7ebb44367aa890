/**
 * Where a probe or hook connects to, and how Go says that it could not.
 *
 * Spec: kubernetes pkg/probe (util.go, ResolveContainerPort), v1.36; Go net (error texts).
 */
import { ECONNREFUSED, ECONNRESET, EHOSTUNREACH, ETIMEDOUT } from "../../base/errno.ts";
import { formatIpv4, type Ipv4, isIpv4, parseIpv4 } from "../../base/inet.ts";
import { type Fields, textIn } from "../api/fields.ts";
import type { Container } from "../api/types.ts";

/** An address, and the host as texts name it. */
export interface Target {
  readonly address: Ipv4;
  readonly port: number;
  readonly host: string;
}

/** Where an action goes, or why it goes nowhere. */
export function targetOf(container: Container, podAddress: Ipv4, action: Fields): Target | string {
  const wanted = action["port"];
  const named = container.ports?.find(({ name }) => name !== undefined && name === wanted);
  const port = named?.containerPort ?? Number(wanted);
  if (!Number.isInteger(port)) return `strconv.Atoi: parsing "${String(wanted)}": invalid syntax`;
  const host = textIn(action, "host") === "" ? formatIpv4(podAddress) : textIn(action, "host");
  if (host === "localhost") return { address: parseIpv4("127.0.0.1"), port, host };
  if (!isIpv4(host)) return `dial tcp: lookup ${host}: no such host`;
  return { address: parseIpv4(host), port, host };
}

/** Why a connection could not be made; takes a negative errno. */
export function dialError(errno: number): string {
  return errno === -ETIMEDOUT ? "connect: connection timed out" : `connect: ${errorText(errno)}`;
}

/** An error's text; takes a negative errno. */
export function errorText(errno: number): string {
  switch (-errno) {
    case ECONNREFUSED:
      return "connection refused";
    case ECONNRESET:
      return "connection reset by peer";
    case EHOSTUNREACH:
      return "no route to host";
    default:
      return `errno ${-errno}`;
  }
}
