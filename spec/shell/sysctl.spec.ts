/** What procps-ng 4.0.2 did on Linux 6.18 with the same words. */
import { expect } from "chai";
import { World } from "./world.ts";

describe("shell/commands/sysctl", () => {
  it("prints those whose names match a pattern, and all below a folder", () => {
    const world = new World("a");

    expect(world.run("a", "sysctl -a -r tcp_rto_m")).to.equal(
      "net.ipv4.tcp_rto_max_ms = 120000\nnet.ipv4.tcp_rto_min_us = 200000\n",
    );
    expect(world.run("a", "sysctl -arrto_min_us")).to.equal("net.ipv4.tcp_rto_min_us = 200000\n");
    expect(world.run("a", "sysctl -n net.ipv4.neigh.lo").split("\n")[0]).to.equal("100");
    expect(world.run("a", "sysctl -b net.ipv4.tcp_sack net.ipv4.tcp_ecn")).to.equal("12");
  });

  it("says what a read-only parameter answers, and goes on with status 0", () => {
    const world = new World("a");

    expect(world.status("a", "sysctl net.ipv4.tcp_ehash_entries=3")).to.deep.include({
      status: 0,
      err: 'sysctl: setting key "net.ipv4.tcp_ehash_entries": Invalid argument\n',
    });
  });

  it("names in one line what cannot be switched on here", () => {
    const world = new World("a");

    expect(world.status("a", "sysctl -w net.ipv4.tcp_congestion_control=bbr")).to.deep.include({
      status: 2,
      err: "net.ipv4.tcp_congestion_control = bbr is not modelled (cubic and reno are)\n",
    });
  });
});
