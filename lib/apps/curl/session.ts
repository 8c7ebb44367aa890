/**
 * What the transfers of one run of curl share: options, the connections that were kept, and where
 * text and bodies go.
 *
 * Spec: curl 7.88.1, lib/conncache.c, lib/url.c (ConnectionExists), src/tool_operate.c.
 */
import type { Ipv4 } from "../../base/inet.ts";
import type { Program } from "../../sim/process.ts";
import type { AppHost } from "../app-host.ts";
import type { HttpUrl } from "../url.ts";
import { HttpConnection } from "./connection.ts";
import { Code, CurlError } from "./error.ts";
import type { CurlOptions } from "./options.ts";

/** Hands a program a body for a file. */
export type SaveFile = (name: string, bytes: Uint8Array) => void;

/** One run of curl. */
export class CurlSession {
  readonly host: AppHost;
  readonly options: CurlOptions;
  readonly #save: SaveFile;
  readonly #idle: HttpConnection[] = [];
  #connections = 0;

  constructor(host: AppHost, options: CurlOptions, save: SaveFile) {
    this.host = host;
    this.options = options;
    this.#save = save;
  }

  /** Closes what was kept, as the end of the process does. */
  close(): void {
    for (const connection of this.#idle.splice(0)) connection.close();
  }

  /** A connection that was kept, or a new one that is not connected yet. */
  *connectionTo(
    address: Ipv4,
    port: number,
  ): Program<{ connection: HttpConnection; reused: boolean }> {
    const at = this.#idle.findIndex((known) => known.address === address && known.port === port);
    const [kept] = at === -1 ? [] : this.#idle.splice(at, 1);
    if (kept !== undefined) {
      if (!(yield* kept.isDead())) {
        this.info("Found bundle for host: 0x5581 [serially]");
        this.info("Can not multiplex, even if we wanted to");
        return { connection: kept, reused: true };
      }
      this.info(`Connection ${kept.number} seems to be dead`);
      this.discard(kept);
    }
    const connection = new HttpConnection(this.host.namespace, address, port, this.#connections);
    this.#connections += 1;
    return { connection, reused: false };
  }

  /** Takes a connection back for the next transfer. */
  keep(connection: HttpConnection): void {
    this.#idle.push(connection);
  }

  /** Closes a connection and says so. */
  discard(connection: HttpConnection): void {
    this.info(`Closing connection ${connection.number}`);
    connection.close();
  }

  /** A line of `-v`. */
  info(text: string): void {
    if (this.options.verbose) this.host.stderr(`* ${text}\n`);
  }

  /** A line of a head in `-v`. */
  headLine(sign: string, line: string): void {
    if (this.options.verbose) this.host.stderr(`${sign} ${line}\n`);
  }

  /** How `-v` shows body bytes. */
  dataLine(sign: string, count: number): void {
    if (this.options.verbose) this.host.stderr(`${sign} [${count} bytes data]\n`);
  }

  /** Prints a body or saves it; returns the name of the file, or "". */
  output(index: number, url: HttpUrl, bytes: Uint8Array): string {
    const { outputs, remoteName } = this.options;
    const given = outputs[index];
    if (given === undefined && remoteName) {
      const name = url.target.replace(/\?.*/, "").split("/").pop() ?? "";
      if (name === "") {
        throw new CurlError(Code.WRITE, "Failed writing received data to disk/application");
      }
      this.#save(name, bytes);
      return name;
    }
    if (given === undefined || given === "" || given === "-") {
      this.host.stdout(bytes);
      return "";
    }
    this.#save(given, bytes);
    return given;
  }
}
