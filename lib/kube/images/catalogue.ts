/**
 * Which program runs in a container, by its image. Registry, tag and digest do not count:
 * `docker.io/library/nginx:1.25` is `nginx`. What is not in the table is a listener on each of the
 * container's ports (generic.ts), or a shell with everything if its command is one.
 *
 * What each program does at SIGTERM is in signals.ts.
 *
 * Not modelled: echoserver, httpbin, socat and other echo servers by their own words (they are
 * listeners as any unknown image), agnhost's other subcommands.
 */

import { Pipe } from "../../apps/pipe.ts";
import { fromUtf8 } from "../../base/bytes.ts";
import { VethworkError } from "../../base/errors.ts";
import { LayeredMap } from "../../base/layered-map.ts";
import { remembered } from "../../base/remembered.ts";
import { type Command, type CommandContext, ToolError } from "../../shell/command.ts";
import { type CommandSet, commandSet } from "../../shell/command-set.ts";
import { hostAt } from "../../shell/host-at.ts";
import { NOT_FOUND, resolveCommand } from "../../shell/interpreter/lookup.ts";
import { withScripts } from "../../shell/script-files.ts";
import type { Program } from "../../sim/process.ts";
import { agnhost } from "./agnhost/agnhost.ts";
import type { Container } from "./container.ts";
import { coredns } from "./coredns.ts";
import { generic } from "./generic.ts";
import { helloApp, httpEcho, whoami } from "./go-images.ts";
import { guestbook } from "./guestbook.ts";
import { httpd } from "./httpd.ts";
import { commandLine, type Image, imageCommand } from "./image.ts";
import { fitsImage, parseImageName } from "./image-name.ts";
import { ingressNginx } from "./ingress-nginx.ts";
import { nginx } from "./nginx.ts";
import { haproxyIngress, haproxytech, nginxInc, traefik } from "./other-ingress.ts";
import { redisServer } from "./redis/redis.ts";
import { REDIS_PROGRAMS } from "./redis/redis-programs.ts";
import { metallbController, webhookCertgen } from "./secret-makers.ts";
import { endAtSignal } from "./signals.ts";
import { isMeantToEnd, isRunnable, noteStandIn } from "./stand-in.ts";
import {
  busyboxCommands,
  debianCommands,
  pick,
  standInCommands,
  toolboxCommands,
  toolImage,
} from "./tools.ts";

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

const HOME = new Map([["HOME", "/root"]]);

/** What an image was built from: nothing, Debian or Alpine, or a collection of network tools. */
type Base = "scratch" | "debian" | "toolbox";

type ServerProgram = (
  container: Container,
  context: CommandContext,
  args: readonly string[],
) => Program<number>;

/**
 * An image around one program, with the commands of what it was built from. Beside a whole Debian
 * the program is the image's command, which a container's arguments replace.
 */
function serverImage(
  name: string,
  program: ServerProgram,
  words: readonly string[] = [],
  base: Base = "scratch",
): Image {
  const hasShell = base === "debian";
  return {
    entrypoint: hasShell ? [] : [name],
    arguments: hasShell ? [name, ...words] : words,
    commands(container) {
      const own = imageCommand(name, (context, args) => program(container, context, args));
      return commandsOf(base, container, [own]);
    },
  };
}

const ONLY_CURL = ["curl"];

function commandsOf(base: Base, container: Container, own: readonly Command[]): CommandSet {
  const withCurl = [...own, ...pick(ONLY_CURL)];
  // What is tagged `alpine` has busybox; the web servers have curl beside either.
  const isAlpine = parseImageName(container.image).tag.includes("alpine");
  if (base === "scratch") return commandSet("ash", own);
  if (base === "toolbox") return commandSet("ash", own, toolboxCommands());
  return isAlpine ? busyboxCommands(container, withCurl) : debianCommands(withCurl);
}

const pause: ServerProgram = (_container, context) => endAtSignal(context.signal, 0);

const SHELL_OF_BUSYBOX = toolImage(["sh"], (container) => busyboxCommands(container));
const SHELL_OF_DEBIAN = toolImage(["bash"], () => debianCommands());
const TOOLBOX = toolImage(["sh"], () => toolboxCommands());
const CURL = toolImage(["curl", "--help"], (container) =>
  busyboxCommands(container, pick(ONLY_CURL)),
);

const REDIS: Image = {
  entrypoint: ["docker-entrypoint.sh"],
  workingDir: "/data",
  arguments: ["redis-server"],
  commands: (container) => commandsOf("debian", container, REDIS_PROGRAMS),
};

/** Patterns of image paths, the first that fits counts. */
const CATALOGUE: readonly (readonly [pattern: string, image: Image])[] = [
  ["ingress-nginx/controller", serverImage("/nginx-ingress-controller", ingressNginx)],
  ["traefik", serverImage("traefik", traefik)],
  ["kubernetes-ingress", serverImage("/haproxy-ingress-controller", haproxytech)],
  ["haproxy-ingress", serverImage("/haproxy-ingress-controller", haproxyIngress)],
  ["nginx-ingress", serverImage("/nginx-ingress", nginxInc)],
  ["kube-webhook-certgen", serverImage("/kube-webhook-certgen", webhookCertgen)],
  ["metallb/controller", serverImage("/controller", metallbController)],
  ["nginx", serverImage("nginx", nginx, [], "debian")],
  ["nginx-unprivileged", serverImage("nginx", nginx, [], "debian")],
  ["nginx-slim", serverImage("nginx", nginx, [], "debian")],
  ["httpd", serverImage("httpd-foreground", httpd, [], "debian")],
  ["http-echo", serverImage("http-echo", httpEcho)],
  ["agnhost", serverImage("/agnhost", agnhost, ["pause"], "toolbox")],
  ["serve_hostname", serverImage("/serve_hostname", serveHostname)],
  ["hello-app", serverImage("hello-app", helloApp)],
  ["whoami", serverImage("/whoami", whoami)],
  ["pause", serverImage("/pause", pause)],
  ["redis", REDIS],
  ["gb-redis-follower", serverImage("/run.sh", redisFollower, [], "debian")],
  ["gb-frontend", serverImage("apache2-foreground", guestbook, [], "debian")],
  ["coredns", serverImage("/coredns", coredns)],
  ["busybox", SHELL_OF_BUSYBOX],
  ["alpine", SHELL_OF_BUSYBOX],
  ["busyboxplus", toolImage(["sh"], (container) => busyboxCommands(container, pick(ONLY_CURL)))],
  ["curl", CURL],
  ["netshoot", TOOLBOX],
  ["network-multitool", TOOLBOX],
  ["dnsutils", TOOLBOX],
  ["jessie-dnsutils", TOOLBOX],
  ["ubuntu", SHELL_OF_DEBIAN],
  ["debian", SHELL_OF_DEBIAN],
];

/** A replica of `redis-leader`, or of what the environment says. */
function redisFollower(_container: Container, context: CommandContext) {
  const fromEnv = context.environment.get("GET_HOSTS_FROM") === "env";
  const leader = fromEnv ? context.environment.get("REDIS_LEADER_SERVICE_HOST") : undefined;
  return redisServer(context, ["--replicaof", leader ?? "redis-leader", "6379"]);
}

/** `serve_hostname`, which became a subcommand of agnhost. */
function serveHostname(container: Container, context: CommandContext, args: readonly string[]) {
  return agnhost(container, context, ["serve-hostname", ...args]);
}

/** Who builds images of his own under the names of others: they listen on other ports. */
const REBUILT = /(?:^|\/)(?:bitnami[a-z]*|chainguard|linuxserver)\//;

/** The image as the catalogue has it, or null. */
function findImage(image: string): Image | null {
  return lookUpImage(image).found;
}

const lookUpImage = remembered((image: string): { readonly found: Image | null } => {
  const name = parseImageName(image);
  if (REBUILT.test(name.path)) return { found: null };
  return { found: CATALOGUE.find(([pattern]) => fitsImage(pattern, name))?.[1] ?? null };
});

/** Whether the catalogue knows an image: if not, a listener on its ports stands for it. */
export function isKnownImage(image: string): boolean {
  return findImage(image) !== null;
}

/** The words that a container of an image starts with; its own if nobody knows the image. */
export function commandOf(
  image: string,
  command: readonly string[],
  args: readonly string[],
): readonly string[] {
  const known = findImage(image);
  return known === null ? [...command, ...args] : commandLine({ command, args }, known);
}

/** What runs in a container until it ends by itself or is killed; the result is its exit status. */
export function* programOf(container: Container): Program<number> {
  const image = findImage(container.image);
  const context = contextOf(container, image);
  if (image === null) return yield* unknownProgram(container, context);
  try {
    const body = resolveCommand(context.commands, commandLine(container, image));
    return body === null ? NOT_FOUND : yield* body(context);
  } catch (error) {
    return failed(container, error);
  }
}

/** The program of an image that is not in the catalogue: its command if that can be run. */
function* unknownProgram(container: Container, context: CommandContext): Program<number> {
  const { command, args } = container;
  const words = command.length === 0 ? [] : [...command, ...args];
  if (words.length > 0 && isRunnable(context.commands, container, words)) {
    try {
      const body = resolveCommand(context.commands, words);
      if (body !== null) return yield* body(context);
    } catch (error) {
      if (!(error instanceof VethworkError)) return failed(container, error);
      container.log(`${error.message}\n`);
    }
  }
  if (isMeantToEnd(container)) return 0;
  noteStandIn(container);
  return yield* generic(container, context);
}

/** Logs why a program could not go on. Throws what is no error of a program. */
function failed(container: Container, error: unknown): number {
  if (error instanceof ToolError) {
    container.log(error.text);
    return error.status;
  }
  if (!(error instanceof VethworkError)) throw error;
  container.log(`${error.message}\n`);
  return 2;
}

/** The surroundings of a container's first process; `kubectl exec` uses them without its signals. */
export function contextOf(
  container: Container,
  image = findImage(container.image),
): CommandContext {
  const { pod, env, termination } = container;
  const host = hostAt(container.host, container.workingDir || image?.workingDir || "/");
  const io = {
    stdin: Pipe.of(null),
    stdout: (text: string) => container.log(text),
    write: (bytes: Uint8Array) => container.log(fromUtf8(bytes)),
    stderr: (text: string) => container.log(text),
  };
  return {
    host,
    io,
    commands: withScripts(
      image === null ? standInCommands() : image.commands(container),
      host.files,
    ),
    environment: environmentOf(pod.hostname, env),
    signal: termination,
  };
}

/** The image's variables, those that the kubelet gives, and at last what runc finds missing. */
function environmentOf(
  hostname: string,
  given: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  const first = new Map([
    ["PATH", PATH],
    ["HOSTNAME", hostname],
  ]);
  const variables = new LayeredMap(first, given);
  return given.has("HOME") ? variables : new LayeredMap(variables, HOME);
}
