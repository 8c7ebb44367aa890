/** Command line of `http-proxy`, a program of this project's own. */
import { httpProxy, PROXY_DEFAULTS, type ProxyRequest } from "../../apps/http-proxy.ts";
import type { ProxyRoute } from "../../apps/http-upstreams.ts";
import { isIpv4, parseIpv4 } from "../../base/inet.ts";
import { appHost } from "../app.ts";
import { type Command, notModelled, ToolError } from "../command.ts";
import { readOptions } from "../options.ts";
import { withThreads } from "../threads.ts";

/** A reverse proxy: `--to [HOST/PATH=]ADDRESS:PORT`, repeated; the longest path wins. */
export const httpProxyCommand: Command = {
  name: "http-proxy",
  parse(args) {
    const given = readOptions(args, {
      command: "http-proxy",
      letters: "p:t:",
      long: { port: "p", to: "t" },
      allowed: "http-proxy [--port PORT] --to [HOST]/[PATH]=ADDRESS:PORT…",
    });
    if (given.words[0] !== undefined) throw notModelled("http-proxy", given.words[0], "see --to");
    const targets = given.all("t").map(readProxyTarget);
    const port = readPort(given.last("p") ?? "80");
    const route = ({ host, target }: ProxyRequest): ProxyRoute | null => {
      const fitting = targets
        .filter((to) => (to.host === "" || to.host === host) && target.startsWith(to.path))
        .sort((a, b) => b.host.length - a.host.length || b.path.length - a.path.length);
      const [best] = fitting;
      if (best === undefined) return null;
      const same = fitting.filter((to) => to.host === best.host && to.path === best.path);
      const endpoints = same.flatMap(({ endpoint }) => (endpoint === null ? [] : [endpoint]));
      return { backend: `${best.host}${best.path}`, endpoints, path: null, refusal: null };
    };
    return (context) =>
      withThreads(context.host.processes, (spawn) =>
        httpProxy(appHost(context), { ...PROXY_DEFAULTS, port, route, spawn }),
      );
  },
};

/** `web.test/api=10.0.0.2:8080`, `10.0.0.2:8080`; `/api=` has no endpoint. */
function readProxyTarget(text: string) {
  const match = /^(?:([^/=]*)(\/[^=]*)=)?(?:([0-9.]+):([0-9]+))?$/.exec(text);
  const [, host = "", path = "/", address = "", port = ""] = match ?? [];
  if (match === null || text === "" || (address !== "" && !isIpv4(address))) {
    throw new ToolError(`http-proxy: bad target "${text}"`, 1);
  }
  const endpoint = address === "" ? null : { address: parseIpv4(address), port: readPort(port) };
  return { host, path, endpoint };
}

function readPort(text: string): number {
  const port = /^[0-9]{1,5}$/.test(text) ? Number(text) : 0;
  if (port >= 1 && port <= 65535) return port;
  throw new ToolError(`http-proxy: port ${text} is not a number from 1 to 65535`, 1);
}
