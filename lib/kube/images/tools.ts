/**
 * Images without a server of their own: which commands are in them, and which shell.
 *
 * Differs: names are looked up as glibc does, in Alpine and busybox as well; `ping`, `nc` and the
 * rest print as those of Debian do, only `wget` and `nslookup` as busybox's.
 * Not modelled: package managers (`apk add`, `apt-get install`).
 */
import type { Command } from "../../shell/command.ts";
import { type CommandSet, commandSet, layered } from "../../shell/command-set.ts";
import { busyboxHttpd } from "../../shell/commands/busybox/httpd.ts";
import { busyboxNslookup } from "../../shell/commands/busybox/nslookup.ts";
import { libcNslookup } from "../../shell/commands/busybox/nslookup-libc.ts";
import { busyboxWget } from "../../shell/commands/busybox/wget.ts";
import { busyboxPs } from "../../shell/commands/ps.ts";
import { shellCommand } from "../../shell/commands/sh.ts";
import { COMMANDS } from "../../shell/commands.ts";
import type { ShellKind } from "../../shell/grammar/dialect.ts";
import type { Container } from "./container.ts";
import { DATABASE_CLIENTS } from "./database-clients.ts";
import type { Image } from "./image.ts";
import { fitsImage, parseImageName } from "./image-name.ts";

const COREUTILS = [
  ..."[ awk base64 basename cat chmod chown cp cut date dirname echo env false grep head".split(
    " ",
  ),
  ..."hostname id kill ln ls mkdir mv printenv printf pwd rev rm sed seq sh sleep sort".split(" "),
  ..."tail tee test timeout touch tr true uname uniq wc which whoami xargs yes".split(" "),
];
const BUSYBOX = [
  ...COREUTILS,
  ..."[[ arp ifconfig ip nc netstat ping route sysctl traceroute".split(" "),
];
const DEBIAN = [...COREUTILS, "getent"];
/** What is this project's own, and in no image. */
const OWN = ["dns-server", "http-proxy", "http-server", "script"];

/** What is the same in all containers of a kind, made once. */
const shared = new Map<string, CommandSet>();

function sharedSet(name: string, shell: ShellKind, commands: () => readonly Command[]): CommandSet {
  const known = shared.get(name);
  if (known !== undefined) return known;
  const set = commandSet(shell, commands());
  shared.set(name, set);
  return set;
}

/** A busybox: of the image `busybox` itself and of what is made from Alpine. */
export function busyboxCommands(
  { image }: Pick<Container, "image">,
  more: readonly Command[] = [],
): CommandSet {
  const isOld = hasLibcNslookup(image);
  const base = sharedSet(isOld ? "old busybox" : "busybox", "ash", () => [
    ...pick(BUSYBOX),
    shellCommand("ash"),
    busyboxHttpd,
    busyboxPs,
    isOld ? libcNslookup : busyboxNslookup,
    busyboxWget,
  ]);
  return commandSet("ash", more, base);
}

/** Whether an image is a busybox before 1.29, whose `nslookup` was another one. */
function hasLibcNslookup(image: string): boolean {
  const name = parseImageName(image);
  const [, minor = ""] = /^1\.([0-9]+)(?:[.-]|$)/.exec(name.tag) ?? [];
  return fitsImage("busybox", name) && minor !== "" && Number(minor) < 29;
}

/** What a slim Debian has: coreutils and a shell, no tools for networks. */
export function debianCommands(more: readonly Command[] = []): CommandSet {
  const base = sharedSet("debian", "dash", () => [...pick(DEBIAN), shellCommand("bash")]);
  return commandSet("dash", more, base);
}

/** Everything that there is here, as toolboxes like netshoot have it. */
export function toolboxCommands(shell: ShellKind = "ash"): CommandSet {
  const base = sharedSet("toolbox", "ash", () => [
    ...COMMANDS.filter(({ name }) => !OWN.includes(name)),
    busyboxPs,
    busyboxWget,
  ]);
  return commandSet(shell, [], base);
}

/** What a container of an image that nobody knows may use: whose clients are there is not known. */
export function standInCommands(): CommandSet {
  const base = sharedSet("stand-in", "bash", () => DATABASE_CLIENTS);
  return layered(toolboxCommands("bash"), base);
}

/** An image that starts `words` and has those commands. */
export function toolImage(
  words: readonly string[],
  commands: (container: Container) => CommandSet,
  entrypoint: readonly string[] = [],
): Image {
  return { entrypoint, arguments: words, commands };
}

/** Commands of the shell by their names. */
export function pick(names: readonly string[]): readonly Command[] {
  const known = picked.get(names);
  if (known !== undefined) return known;
  const commands = COMMANDS.filter(({ name }) => names.includes(name));
  picked.set(names, commands);
  return commands;
}

/** What was picked by lists that do not change: each container asks for the same. */
const picked = new WeakMap<readonly string[], readonly Command[]>();
