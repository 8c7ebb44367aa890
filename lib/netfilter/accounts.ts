/**
 * The counters by name of nfacct.
 *
 * Kernel: net/netfilter/nfnetlink_acct.c, 6.18.
 */

/** One counter. */
export class Account {
  readonly name: string;
  packets = 0;
  bytes = 0;

  constructor(name: string) {
    this.name = name;
  }
}

/** All counters of a host. */
export class Accounts {
  readonly #accounts = new Map<string, Account>();

  /**
   * The counter of that name, made if it was not there.
   *
   * Differs: a kernel refuses a rule whose counter nobody has made; here the rule makes it, so that
   * a saved rule set can be loaded on its own.
   */
  open(name: string): Account {
    let account = this.#accounts.get(name);
    if (account === undefined) {
      account = new Account(name);
      this.#accounts.set(name, account);
    }
    return account;
  }

  /** `nfacct del`. */
  delete(name: string): boolean {
    return this.#accounts.delete(name);
  }

  /** In the order in which they were made. */
  list(): Account[] {
    return [...this.#accounts.values()];
  }
}
