/**
 * The node's connection table as kube-proxy sees it: up to 1.31 through the `conntrack` tool, later
 * through netlink.
 */
import { Pipe } from "../../apps/pipe.ts";
import { formatIpv4, type Ipv4 } from "../../base/inet.ts";
import type { Connection } from "../../netfilter/conntrack/connection.ts";
import { ToolError } from "../../shell/command.ts";
import { conntrack as conntrackCommand } from "../../shell/commands/conntrack.ts";
import type { ShellHost } from "../../shell/host.ts";
import { labContext } from "../../shell/shell.ts";
import { IPPROTO_UDP } from "../../wire/protocol-numbers.ts";
import type { ConntrackTool, UdpFlow } from "../proxy/node.ts";
import { deleteFlowCommand, type InvocationListener } from "./invocation.ts";

/** A flow with the entry that it was made of. */
class TableFlow implements UdpFlow {
  readonly originalDestination: string;
  readonly originalDestinationPort: number;
  readonly replySource: string;
  readonly replySourcePort: number;
  readonly connection: Connection;

  constructor(connection: Connection) {
    const { original, reply } = connection;
    this.connection = connection;
    this.originalDestination = formatIpv4(original.destination as Ipv4);
    this.originalDestinationPort = original.ports & 0xffff;
    this.replySource = formatIpv4(reply.source as Ipv4);
    this.replySourcePort = reply.ports >>> 16;
  }
}

/** The connections that kube-proxy cleans up. */
export class ConntrackTable implements ConntrackTool {
  readonly #host: ShellHost;
  readonly #onInvocation: InvocationListener;

  /** The host is borrowed. */
  constructor(host: ShellHost, onInvocation: InvocationListener) {
    this.#host = host;
    this.#onInvocation = onInvocation;
  }

  command(words: readonly string[]): void {
    this.#onInvocation({ run: `conntrack ${words.join(" ")}`, stdin: null });
    const body = conntrackCommand.parse(words, () => {
      throw new ToolError("conntrack: starts no other command", 1);
    });
    const io = { stdin: Pipe.of(null), stdout: () => {}, write: () => {}, stderr: () => {} };
    // The tool never waits: one step carries all of it out.
    body(labContext(this.#host, io)).next();
  }

  udpFlows(): UdpFlow[] {
    return this.#host.netfilter.conntrack
      .list()
      .filter(({ original }) => original.protocol === IPPROTO_UDP)
      .map((connection) => new TableFlow(connection));
  }

  deleteFlow(flow: UdpFlow): void {
    if (!(flow instanceof TableFlow)) return;
    this.#onInvocation({ run: deleteFlowCommand(flow), stdin: null });
    this.#host.netfilter.conntrack.kill(flow.connection);
  }
}
