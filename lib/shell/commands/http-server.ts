/** Command line of `http-server`, a program of this project's own. */
import { httpServer } from "../../apps/http-server.ts";
import { appHost } from "../app.ts";
import { type Command, notModelled, ToolError } from "../command.ts";
import { readOptions } from "../options.ts";

/** A simple HTTP server. */
export const httpServerCommand: Command = {
  name: "http-server",
  parse(args) {
    const { options, words } = readOptions(args, {
      command: "http-server",
      letters: "p:b:s:k",
      long: { port: "p", body: "b", status: "s", "keep-alive": "k" },
      allowed: "http-server [--port PORT] [--body TEXT] [--status '200 OK'] [--keep-alive]",
    });
    if (words[0] !== undefined) {
      throw notModelled("http-server", words[0], "http-server [--port PORT] [--body TEXT]");
    }
    const value = (letter: string, absent: string): string =>
      options.findLast(([known]) => known === letter)?.[1] ?? absent;
    const keepAlive = options.some(([letter]) => letter === "k");
    const port = readPort(value("p", "80"));
    return (context) =>
      httpServer(appHost(context), {
        port,
        body: value("b", "hello\n"),
        status: value("s", "200 OK"),
        keepAlive,
        spawn: keepAlive ? (name, program) => context.host.processes.spawn(name, program) : null,
      });
  },
};

function readPort(text: string): number {
  const port = /^[0-9]{1,5}$/.test(text) ? Number(text) : 0;
  if (port >= 1 && port <= 65535) return port;
  throw new ToolError(`http-server: port ${text} is not a number from 1 to 65535`, 1);
}
