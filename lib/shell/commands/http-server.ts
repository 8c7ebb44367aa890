/** Command line of `http-server`, a program of this project's own. */
import { httpServer } from "../../apps/http-server.ts";
import { appHost } from "../app.ts";
import { type Command, notModelled, ToolError } from "../command.ts";
import { readOptions } from "../options.ts";
import { withThreads } from "../threads.ts";

/** A simple HTTP server. */
export const httpServerCommand: Command = {
  name: "http-server",
  parse(args) {
    const given = readOptions(args, {
      command: "http-server",
      letters: "p:b:s:k",
      long: { port: "p", body: "b", status: "s", "keep-alive": "k" },
      allowed: "http-server [--port PORT] [--body TEXT] [--status '200 OK'] [--keep-alive]",
    });
    if (given.words[0] !== undefined) {
      throw notModelled("http-server", given.words[0], "http-server [--port PORT] [--body TEXT]");
    }
    const keepAlive = given.has("k");
    const port = readPort(given.last("p") ?? "80");
    const body = given.last("b") ?? "hello\n";
    const status = given.last("s") ?? "200 OK";
    return (context) =>
      withThreads(context.host.processes, (spawn) => {
        const threads = keepAlive ? spawn : null;
        return httpServer(appHost(context), { port, body, status, keepAlive, spawn: threads });
      });
  },
};

function readPort(text: string): number {
  const port = /^[0-9]{1,5}$/.test(text) ? Number(text) : 0;
  if (port >= 1 && port <= 65535) return port;
  throw new ToolError(`http-server: port ${text} is not a number from 1 to 65535`, 1);
}
