/**
 * How curl finds the address of a URL and connects to it.
 *
 * Spec: curl 7.88.1, lib/connect.c, lib/cf-socket.c.
 */
import { EINPROGRESS, errnoMessage } from "../../base/errno.ts";
import { ANY_ADDRESS, formatIpv4, type Ipv4, isIpv4, parseIpv4 } from "../../base/inet.ts";
import type { Ns } from "../../base/units.ts";
import type { Program } from "../../sim/process.ts";
import type { HttpUrl } from "../url.ts";
import { type HttpConnection, TIMED_OUT } from "./connection.ts";
import { Code, CurlError } from "./error.ts";
import type { CurlOptions } from "./options.ts";
import type { TransferProgress } from "./progress.ts";
import type { CurlSession } from "./session.ts";

/** A connected connection to the server of a URL, kept or new. Throws `CurlError`. */
export function* connectTo(
  session: CurlSession,
  progress: TransferProgress,
  url: HttpUrl,
): Program<HttpConnection> {
  const { options, host } = session;
  const [name, port] = connectTarget(options, url);
  const families = options.ipv4Only ? "ipv4" : "any";
  const known = options.resolved.get(`${name}:${port}`);
  const address = known ?? (yield* host.resolve(name, families));
  if (typeof address === "string") {
    const text = `Could not resolve host: ${name}`;
    session.info(text);
    throw new CurlError(Code.RESOLVE, text);
  }
  progress.resolvedNs = progress.since();
  const { connection, reused } = yield* session.connectionTo(address, port);
  progress.connects = reused ? progress.connects : progress.connects + 1;
  if (reused) {
    session.info(`Re-using existing connection #${connection.number} with host ${name}`);
    return connection;
  }
  try {
    yield* establish(session, progress, connection, name);
    return connection;
  } catch (error) {
    session.discard(connection);
    throw error;
  }
}

/** Host and port to connect to, which `--connect-to` may change. */
function connectTarget(options: CurlOptions, url: HttpUrl): readonly [string, number] {
  for (const [host, port, newHost, newPort] of options.connectTo) {
    if (host !== "" && host !== url.host) continue;
    if (port !== "" && Number(port) !== url.port) continue;
    return [newHost === "" ? url.host : newHost, newPort === "" ? url.port : Number(newPort)];
  }
  return [url.host, url.port];
}

function* establish(
  session: CurlSession,
  progress: TransferProgress,
  connection: HttpConnection,
  host: string,
): Program<void> {
  const { options } = session;
  const { port } = connection;
  const address = formatIpv4(connection.address);
  session.info(`  Trying ${address}:${port}...`);
  const began: Ns = session.host.namespace.cpu.now;
  const failed = (why: string, code: number): CurlError => {
    const ms = progress.ms(began);
    const text = `Failed to connect to ${host} port ${port} after ${ms} ms: ${why}`;
    session.info(text);
    return new CurlError(code, text);
  };
  const bound = connection.prepare(options, sourceOf(session));
  if (bound < 0) {
    const text = `bind failed with errno ${-bound}: ${errnoMessage(bound)}`;
    throw new CurlError(Code.INTERFACE, text);
  }
  const limit = Math.min(began + options.connectTimeoutNs, progress.deadline);
  const started = yield* connection.start();
  if (started !== 0 && started !== -EINPROGRESS) {
    session.info(`Immediate connect fail for ${address}: ${errnoMessage(started)}`);
    throw failed("Couldn't connect to server", Code.CONNECT);
  }
  const error = started === 0 ? 0 : yield* connection.finish(limit);
  if (error === TIMED_OUT) {
    if (limit === progress.deadline) {
      const ms = progress.ms(progress.startNs);
      throw new CurlError(Code.TIMEOUT, `Connection timed out after ${ms} milliseconds`);
    }
    session.info(`After ${progress.ms(began)}ms connect time, move on!`);
    throw failed("Timeout was reached", Code.TIMEOUT);
  }
  if (error !== 0) {
    session.info(`connect to ${address} port ${port} failed: ${errnoMessage(error)}`);
    throw failed("Couldn't connect to server", Code.CONNECT);
  }
  session.info(`Connected to ${host} (${address}) port ${port} (#${connection.number})`);
}

/** The address that `--interface` asks for. */
function sourceOf({ host, options }: CurlSession): Ipv4 {
  const { from } = options;
  if (from === "") return ANY_ADDRESS;
  if (isIpv4(from)) return parseIpv4(from);
  const device = host.namespace.devices.get(from);
  const address =
    device === undefined ? ANY_ADDRESS : host.namespace.inet(device).addresses[0]?.local;
  if (address === undefined || address === ANY_ADDRESS) {
    throw new CurlError(Code.INTERFACE, `Couldn't bind to '${from}'`);
  }
  return address;
}
