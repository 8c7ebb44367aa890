/** `hostname`, without options. */
import { type Command, immediate, notModelled } from "../command.ts";

/** The host's name. */
export const hostname: Command = {
  name: "hostname",
  parse(args) {
    if (args.length > 0) throw notModelled("hostname", args[0] ?? "", "hostname takes no words");
    return immediate(({ host, io }) => {
      io.stdout(`${host.name}\n`);
      return 0;
    });
  },
};
