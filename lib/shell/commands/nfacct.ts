/**
 * `nfacct`: counters by name.
 *
 * Spec: nfacct 1.0.2, src/nfacct.c; libnetfilter_acct 1.0.3, src/libnetfilter_acct.c.
 * Not modelled: quotas; XML and JSON output.
 */
import type { Account } from "../../netfilter/accounts.ts";
import { type Command, immediate, notModelled, ToolError } from "../command.ts";

const TOOL = "nfacct v1.0.2";
const ALLOWED = "list [reset], add NAME, delete NAME, get NAME [reset], flush, version";
/** Digits with which counts are printed. */
const WIDTH = 20;

/** The command. */
export const nfacct: Command = {
  name: "nfacct",
  parse([command = "", name, ...more]) {
    if (more.some((word) => word !== "reset")) throw notModelled("nfacct", more.join(" "), ALLOWED);
    return immediate(({ host, io }) => {
      const { accounts } = host.netfilter;
      const named = (): Account => {
        if (name === undefined) throw problem("missing object name");
        const account = accounts.list().find((one) => one.name === name);
        if (account === undefined) throw problem("error: No such file or directory");
        return account;
      };
      switch (command) {
        case "list":
          for (const account of accounts.list()) io.stdout(show(account, name === "reset"));
          return 0;
        case "get":
          io.stdout(show(named(), more.includes("reset")));
          return 0;
        case "add":
          if (name === undefined) throw problem("missing object name");
          if (accounts.list().some((one) => one.name === name)) {
            throw problem("error: File exists");
          }
          accounts.open(name);
          return 0;
        case "del":
        case "delete":
          accounts.delete(named().name);
          return 0;
        case "flush":
          for (const account of accounts.list()) accounts.delete(account.name);
          return 0;
        case "version":
          io.stdout(`${TOOL}: utility for the Netfilter extended accounting infrastructure\n`);
          return 0;
        default:
          throw notModelled("nfacct", command, ALLOWED);
      }
    });
  },
};

function problem(text: string): ToolError {
  return new ToolError(`${TOOL}: ${text}`, 1);
}

/** One line; `reset` starts the counter anew. */
function show(account: Account, reset: boolean): string {
  const count = (value: number): string => String(value).padStart(WIDTH, "0");
  const line = `{ pkts = ${count(account.packets)}, bytes = ${count(account.bytes)} } = ${account.name};\n`;
  if (reset) {
    account.packets = 0;
    account.bytes = 0;
  }
  return line;
}
