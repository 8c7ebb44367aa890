/**
 * The programs of the `redis` image: the script in front, the server, `redis-sentinel`, which is the
 * same program, and the client.
 *
 * Spec: docker-library/redis, docker-entrypoint.sh; registry.k8s.io/redis:v1 (SENTINEL).
 */
import type { Command, CommandContext } from "../../../shell/command.ts";
import { NOT_FOUND, resolveCommand } from "../../../shell/interpreter/lookup.ts";
import { imageCommand } from "../image.ts";
import { redisServer } from "./redis.ts";
import { redisCli } from "./redis-cli.ts";

/** Options and a configuration alone are those of the server. */
const entrypoint: Command = {
  name: "docker-entrypoint.sh",
  parse(args) {
    const isServers = /^-|\.conf$/.test(args[0] ?? "");
    const words = isServers ? ["redis-server", ...args] : args;
    return function* (context) {
      const body = resolveCommand(context.commands, words);
      return body === null ? NOT_FOUND : yield* body(context);
    };
  },
};

function serve(context: CommandContext, args: readonly string[]) {
  const isSentinel = context.environment.get("SENTINEL") === "true";
  return redisServer(context, isSentinel ? [...args, "--sentinel"] : args);
}

/** What can be started in a container of the image. */
export const REDIS_PROGRAMS: readonly Command[] = [
  entrypoint,
  imageCommand("redis-server", serve),
  imageCommand("redis-sentinel", (context, args) => serve(context, [...args, "--sentinel"])),
  redisCli,
];
