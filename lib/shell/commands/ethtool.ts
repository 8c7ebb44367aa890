/**
 * `ethtool -K`: accepted where it asks for what devices do here anyway. Offloads are off: frames
 * are MTU-sized and carry whole checksums.
 *
 * Spec: ethtool(8).
 */
import { type Command, immediate, notModelled, ToolError } from "../command.ts";
import { findDevice } from "../host.ts";

const ALLOWED = "ethtool -K DEV FEATURE off …; offloads are always off";

/** The command. */
export const ethtool: Command = {
  name: "ethtool",
  parse([option = "", name = "", ...features]) {
    if (!["-K", "--features", "--offload"].includes(option)) {
      throw notModelled("ethtool", option, ALLOWED);
    }
    for (let index = 0; index < features.length; index += 2) {
      if (features[index + 1] !== "off") {
        throw notModelled("ethtool", `${features[index]} ${features[index + 1] ?? ""}`, ALLOWED);
      }
    }
    return immediate(({ host }) => {
      if (findDevice(host, name) === null) {
        throw new ToolError("netlink error: No such device", 1);
      }
      return 0;
    });
  },
};
