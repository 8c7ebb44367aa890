import { expect } from "chai";
import { VethworkError } from "../../lib/base/errors.ts";
import { World } from "../support/world.ts";

describe("net/kept-sysctls", () => {
  it("keeps what changes nothing here, within the kernel's bounds", () => {
    const { sysctls } = new World().host("a");

    expect(sysctls.write("net.ipv4.tcp_early_demux", "0")).to.equal(0);
    expect(sysctls.read("net.ipv4.tcp_early_demux")).to.equal("0");
    expect(sysctls.write("net.ipv4.tcp_adv_win_scale", "-2")).to.equal(0);
    expect(sysctls.write("net.ipv4.tcp_adv_win_scale", "32")).to.equal(-22);
    expect(sysctls.write("net.ipv4.tcp_fastopen", "0x403"), "hexadecimal").to.equal(0);
    expect(sysctls.read("net.ipv4.tcp_fastopen")).to.equal("1027");
    expect(sysctls.write("net.ipv4.tcp_fastopen", "on")).to.equal(-22);
  });

  it("refuses to switch on what is not modelled, and what the kernel refuses as the kernel does", () => {
    const { sysctls } = new World().host("a");

    expect(sysctls.write("net.ipv4.fib_multipath_use_neigh", "0")).to.equal(0);
    expect(sysctls.write("net.ipv4.fib_multipath_use_neigh", "2")).to.equal(-22);
    expect(() => sysctls.write("net.ipv4.fib_multipath_use_neigh", "1")).to.throw(
      VethworkError,
      "net.ipv4.fib_multipath_use_neigh = 1 is not modelled (it is 0)",
    );
    expect(sysctls.read("net.ipv4.fib_multipath_use_neigh")).to.equal("0");
  });

  it("changes the first of several numbers, as many as are given", () => {
    const { sysctls } = new World().host("a");

    expect(sysctls.write("net.ipv4.ping_group_range", "0 2147483647")).to.equal(0);
    expect(sysctls.write("net.ipv4.ping_group_range", "5")).to.equal(0);
    expect(sysctls.read("net.ipv4.ping_group_range")).to.equal("5\t2147483647");
  });

  it("counts a neighbour's queue in packets under the older name", () => {
    const { sysctls } = new World().host("a");

    expect(sysctls.read("net.ipv4.neigh.lo.unres_qlen")).to.equal("101");
    expect(sysctls.write("net.ipv4.neigh.lo.unres_qlen", "3")).to.equal(0);
    expect(sysctls.read("net.ipv4.neigh.lo.unres_qlen_bytes")).to.equal("6270");
  });

  it("has IPv6 switched off on each device", () => {
    const { sysctls } = new World().host("a");

    expect(sysctls.write("net.ipv6.conf.all.disable_ipv6", "1")).to.equal(0);
    expect(sysctls.read("net.ipv6.conf.lo.disable_ipv6")).to.equal("1");
    expect(() => sysctls.write("net.ipv6.conf.lo.disable_ipv6", "0")).to.throw("not modelled");
  });
});
