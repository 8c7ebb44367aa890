/**
 * -m nfacct: adds the packet to a counter that has a name; matches everything.
 *
 * Kernel: net/netfilter/xt_nfacct.c, 6.18; iptables 1.8.9, extensions/libxt_nfacct.c.
 */
import type { Account } from "../accounts.ts";
import { defineMatch } from "../extension.ts";
import type { Packet } from "../packet.ts";
import { Match } from "../rule.ts";
import { refuse } from "../text/errors.ts";

/** Longest name (NFACCT_NAME_MAX less the final 0). */
const MAX_LENGTH = 31;

class NfacctMatch extends Match {
  override get name(): string {
    return "nfacct";
  }

  override get pure(): boolean {
    return false;
  }

  readonly #account: Account;

  constructor(account: Account) {
    super();
    this.#account = account;
  }

  override matches(packet: Packet): boolean {
    this.#account.packets += 1;
    this.#account.bytes += packet.length;
    return true;
  }

  // The real tool prints two spaces here.
  override save(): string {
    return ` --nfacct-name  ${this.#account.name}`;
  }

  override list(): string {
    return ` nfacct-name  ${this.#account.name}`;
  }
}

/** The module. */
export const NFACCT_MATCH = defineMatch<{ name: string }>({
  name: "nfacct",
  reuse: "options",
  options: [
    {
      name: "nfacct-name",
      required: true,
      read: (state, value) => {
        if (value.length > MAX_LENGTH) {
          refuse(`nfacct: name "${value}" too long (max ${MAX_LENGTH} characters)`);
        }
        state.name = value;
      },
    },
  ],
  start: () => ({ name: "" }),
  finish: (state, { engine }) => new NfacctMatch(engine.accounts.open(state.name)),
});
