/**
 * `ip link`: makes, deletes, changes and shows devices.
 *
 * Spec: iproute2 6.1, ip/iplink.c.
 * Not modelled: groups; aliases.
 */
import type { Words } from "../../words.ts";
import { type IpAction, type IpOptions, unknownCommand } from "./context.ts";
import { readAdd } from "./link/add.ts";
import { readDelete } from "./link/delete.ts";
import { readSet } from "./link/set.ts";
import { readShow } from "./link/show.ts";

/** Reads what stands behind `ip link`. */
export function ipLink(words: Words, options: IpOptions): IpAction {
  const verb = words.done ? "show" : words.take();
  switch (verb) {
    case "show":
    case "list":
    case "ls":
    case "lst":
      return readShow(words, options);
    case "add":
    case "a":
      return readAdd(words);
    case "set":
    case "s":
      return readSet(words);
    case "del":
    case "delete":
    case "d":
      return readDelete(words);
    default:
      throw unknownCommand(verb, "ip link help");
  }
}
