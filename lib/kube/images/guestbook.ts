/**
 * The guestbook's frontend (`gb-frontend`): Apache with a PHP page that asks Redis.
 *
 * Spec: kubernetes-engine-samples, guestbook/php-redis (guestbook.php, GET_HOSTS_FROM); Predis 1.1.
 * Differs: the start page is a short one; `Hostname` is added as by `httpd` here.
 */
import {
  type HttpReply,
  type HttpRequest,
  HttpService,
  textReply,
} from "../../apps/http-service.ts";
import { utf8 } from "../../base/bytes.ts";
import { appHost } from "../../shell/app.ts";
import type { CommandContext } from "../../shell/command.ts";
import type { Program } from "../../sim/process.ts";
import { TcpSocket } from "../../socket/tcp-socket.ts";
import { transportsOf } from "../../transport/stack.ts";
import type { Container } from "./container.ts";
import { formValues, pathOf } from "./go-server.ts";
import { apacheManners } from "./httpd.ts";
import { formatRequest, RespReader } from "./redis/resp.ts";
import { untilSignal } from "./signals.ts";

const REDIS_PORT = 6379;
const PHP: readonly [string, string] = ["X-Powered-By", "PHP/7.4.33"];

/** The program `apache2-foreground`. */
export function* guestbook({ pod }: Container, context: CommandContext): Program<number> {
  const { processes } = context.host;
  const handler = function* (request: HttpRequest): Program<HttpReply> {
    const reply = yield* answer(context, request);
    return { ...reply, fields: [["Hostname", pod.hostname], ...reply.fields] };
  };
  const manners = apacheManners("Apache/2.4.54 (Debian)");
  const service = new HttpService(appHost(context), manners, handler, (name, program) =>
    processes.spawn(name, program),
  );
  if (service.listen(80) < 0) return 1;
  yield* untilSignal(context.signal);
  service.stop();
  yield* service.drained();
  return 0;
}

function* answer(context: CommandContext, { target }: HttpRequest): Program<HttpReply> {
  const values = formValues(target);
  const cmd = values.get("cmd");
  if (pathOf(target) !== "/guestbook.php" || cmd === undefined) {
    return textReply("<html><head><title>Guestbook</title></head></html>\n", [
      ["Content-Type", "text/html"],
    ]);
  }
  const fields: [string, string][] = [[...PHP], ["Content-Type", "application/json"]];
  const key = values.get("key") ?? "";
  const fromEnv = context.environment.get("GET_HOSTS_FROM") === "env";
  const hostOf = (role: "leader" | "follower"): string =>
    (fromEnv ? context.environment.get(`REDIS_${role.toUpperCase()}_SERVICE_HOST`) : undefined) ??
    `redis-${role}`;
  const isSet = cmd === "set";
  const words = isSet ? ["SET", key, values.get("value") ?? ""] : ["GET", key];
  const value = yield* askRedis(context, hostOf(isSet ? "leader" : "follower"), words);
  if (value === null) return textReply("", fields, 500);
  return textReply(isSet ? '{"message": "Updated"}' : `{"data": "${value}"}`, fields);
}

/** One command over a connection of its own; null if nobody answers. */
function* askRedis(
  context: CommandContext,
  host: string,
  words: readonly string[],
): Program<string | null> {
  const address = yield* appHost(context).resolve(host);
  if (typeof address === "string") return null;
  const socket = new TcpSocket(transportsOf(context.host.namespace));
  try {
    if ((yield* socket.connect(address, REDIS_PORT)) < 0) return null;
    yield* socket.write(utf8(formatRequest(words)));
    const reader = new RespReader();
    for (;;) {
      const bytes = yield* socket.read(65536);
      if (typeof bytes === "number" || bytes.length === 0) return null;
      reader.push(bytes);
      const isBulk = words[0] === "GET";
      const value = isBulk ? reader.bulk() : (reader.line() ?? undefined);
      if (value !== undefined) return value ?? "";
    }
  } finally {
    socket.closeNow();
  }
}
