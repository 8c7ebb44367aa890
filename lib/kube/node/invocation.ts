/**
 * What kube-proxy asks the machine to do, as the command lines that a person would type: for
 * reports, and to do the same on another machine.
 */
import type { LineText } from "../../base/line-text.ts";
import { NS_PER_MS, type Ns } from "../../base/units.ts";
import type { Backends, IptablesTool, ProxySocket, TableName, UdpFlow } from "../proxy/node.ts";

/** One command line and what stands in its standard input. */
export interface Invocation {
  readonly run: string;
  readonly stdin: LineText | null;
  /**
   * For a port of the userspace proxy: whom each dial of its went to, `-` for nobody. Grows with
   * each client.
   */
  readonly dialled?: readonly string[];
}

/** Told of each invocation before it is carried out. */
export type InvocationListener = (invocation: Invocation) => void;

/** An iptables that tells what is asked of it. Questions that change nothing are left out. */
export class ToldIptables implements IptablesTool {
  readonly #tool: IptablesTool;
  readonly #listener: InvocationListener;

  constructor(tool: IptablesTool, listener: InvocationListener) {
    this.#tool = tool;
    this.#listener = listener;
  }

  restore(text: LineText): boolean {
    this.#listener({ run: "iptables-restore --noflush --counters", stdin: text });
    return this.#tool.restore(text);
  }

  ensureChain(table: TableName, chain: string): boolean {
    if (!this.#tool.hasChain(table, chain)) this.#tell(commandLine(table, "-N", chain, []));
    return this.#tool.ensureChain(table, chain);
  }

  ensureRule(
    where: "prepend" | "append",
    table: TableName,
    chain: string,
    rule: readonly string[],
  ): boolean {
    const check = commandLine(table, "-C", chain, rule);
    const add = commandLine(table, where === "prepend" ? "-I" : "-A", chain, rule);
    this.#tell(`${check} || ${add}`);
    return this.#tool.ensureRule(where, table, chain, rule);
  }

  deleteRule(table: TableName, chain: string, rule: readonly string[]): boolean {
    const check = commandLine(table, "-C", chain, rule);
    this.#tell(`${check} && ${commandLine(table, "-D", chain, rule)}`);
    return this.#tool.deleteRule(table, chain, rule);
  }

  flushChain(table: TableName, chain: string): boolean {
    this.#tell(commandLine(table, "-F", chain, []));
    return this.#tool.flushChain(table, chain);
  }

  chains(table: TableName): Iterable<string> | null {
    return this.#tool.chains(table);
  }

  chainChanges(): number {
    return this.#tool.chainChanges();
  }

  hasChain(table: TableName, chain: string): boolean {
    return this.#tool.hasChain(table, chain);
  }

  ensureCounter(name: string): boolean {
    this.#tell(`nfacct add ${name}`);
    return this.#tool.ensureCounter(name);
  }

  #tell(run: string): void {
    this.#listener({ run, stdin: null });
  }
}

/** A port of the userspace proxy that tells when it opens and closes, and whom it dials. */
export class ToldPort implements ProxySocket {
  readonly #socket: ProxySocket;
  readonly #listener: InvocationListener;
  readonly #where: string;

  private constructor(socket: ProxySocket, listener: InvocationListener, where: string) {
    this.#socket = socket;
    this.#listener = listener;
    this.#where = where;
  }

  /** Opens a port by `open`, which is given the backends; null: it is taken. */
  static open(
    where: PortPlace,
    backends: Backends,
    listener: InvocationListener,
    open: (backends: Backends) => ProxySocket | null,
  ): ToldPort | null {
    const dialled: string[] = [];
    const next: Backends["next"] = (client, afresh) => {
      const endpoint = backends.next(client, afresh);
      dialled.push(endpoint ?? "-");
      return endpoint;
    };
    const socket = open({ next });
    if (socket === null) return null;
    const place = `${where.protocol} ${where.address}:${socket.port}`;
    const idle = Math.round(where.idleNs / NS_PER_MS);
    listener({ run: `userspace-proxy listen ${place} ${idle}`, stdin: null, dialled });
    return new ToldPort(socket, listener, place);
  }

  get port(): number {
    return this.#socket.port;
  }

  close(): void {
    this.#listener({ run: `userspace-proxy close ${this.#where}`, stdin: null });
    this.#socket.close();
  }
}

/** Where a port of the userspace proxy is, and how long it keeps idle UDP clients. */
export interface PortPlace {
  readonly protocol: "tcp" | "udp";
  readonly address: string;
  readonly idleNs: Ns;
}

/** The command that deletes one UDP flow; netlink does it in one request. */
export function deleteFlowCommand(flow: UdpFlow): string {
  const { originalDestination, originalDestinationPort, replySource, replySourcePort } = flow;
  const original = `--orig-dst ${originalDestination} --orig-port-dst ${originalDestinationPort}`;
  return `conntrack -D -p udp ${original} --reply-src ${replySource} --reply-port-src ${replySourcePort}`;
}

function commandLine(
  table: TableName,
  verb: string,
  chain: string,
  rule: readonly string[],
): string {
  return ["iptables", "-t", table, verb, chain, ...rule].map(quoted).join(" ");
}

function quoted(word: string): string {
  return /^[\w./:,=+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
