import { expect } from "chai";
import { Netfilter } from "../../../lib/netfilter/netfilter.ts";
import { runIptables } from "../../../lib/netfilter/text/iptables.ts";
import { emptyHost } from "../../../tools/empty-host.ts";

const NO_CHAIN = "iptables: No chain/target/match by that name.\n";

/** Runs commands one after the other; what the last one says to standard error. */
function run(netfilter: Netfilter, ...commands: readonly string[]): string {
  let error = "";
  for (const command of commands) error = runIptables(netfilter, command.split(" ")).error;
  return error;
}

describe("netfilter/text/iptables", () => {
  it("makes no table to flush, zero and delete all of it", () => {
    const netfilter = new Netfilter(emptyHost());

    run(netfilter, "-F", "-t nat -F", "-Z", "-X");

    expect(netfilter.save()).to.equal("");
  });

  it("makes the table of a chain that is flushed by name", () => {
    const netfilter = new Netfilter(emptyHost());

    run(netfilter, "-F FORWARD");

    expect(netfilter.save()).to.include(":INPUT ACCEPT [0:0]\n:FORWARD ACCEPT");
  });

  it("deletes a built-in chain that is empty, and does not find it then", () => {
    const netfilter = new Netfilter(emptyHost());

    expect(run(netfilter, "-F FORWARD", "-X FORWARD")).to.equal("");
    expect(run(netfilter, "-X FORWARD")).to.equal(NO_CHAIN);
    expect(run(netfilter, "-Z FORWARD")).to.equal(NO_CHAIN);
    expect(run(netfilter, "-P FORWARD DROP", "-X FORWARD")).to.equal(
      "iptables: Directory not empty.\n",
    );
  });
});
