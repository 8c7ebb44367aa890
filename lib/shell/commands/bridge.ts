/**
 * `bridge`: forwarding databases and ports.
 *
 * Spec: iproute2 6.1, bridge/bridge.c.
 * Not modelled: VLANs, multicast groups, `bridge monitor`.
 */
import { type Command, immediate, notModelled, ToolError } from "../command.ts";
import { Words } from "../words.ts";
import { readFdb } from "./bridge/fdb.ts";
import { readLink } from "./bridge/link.ts";
import type { BridgeOptions } from "./bridge/options.ts";

const OBJECTS = "objects are fdb and link";
const USAGE = "Usage: bridge [ OPTIONS ] OBJECT { COMMAND | help }";

/** The command. */
export const bridge: Command = {
  name: "bridge",
  parse(args) {
    const words = new Words(args);
    const options: { -readonly [Key in keyof BridgeOptions]: boolean } = {
      details: false,
      statistics: false,
      json: false,
      pretty: false,
    };
    while (words.peek().startsWith("-")) {
      const flag = words.take().replace(/^--/, "-");
      if (/^-d(etails)?$/.test(flag)) options.details = true;
      else if (/^-s(tatistics)?$/.test(flag)) options.statistics = true;
      else if (/^-j(son)?$/.test(flag)) options.json = true;
      else if (/^-p(retty)?$/.test(flag)) options.pretty = true;
      else if (flag !== "-c" && flag !== "-color=never") {
        throw notModelled("bridge", flag, "options are -d -s -j -p");
      }
    }
    if (words.done) throw new ToolError(USAGE, 255);
    const object = words.take();
    if (object === "fdb") return immediate(readFdb(words, options));
    if (object === "link") return immediate(readLink(words, options));
    if (["mdb", "vlan", "vni", "monitor"].includes(object)) {
      throw notModelled("bridge", object, OBJECTS);
    }
    throw new ToolError(`Object "${object}" is unknown, try "bridge help".`, 255);
  },
};
