import { expect } from "chai";
import { parseMac } from "../../lib/base/mac.ts";
import { Dummy } from "../../lib/link/dummy.ts";
import { sysctlName } from "../../lib/net/sysctl.ts";
import { World } from "../support/world.ts";

function hostWithDevice() {
  const host = new World().host("a");
  const device = new Dummy(host, { name: "eth0", mac: parseMac("02:00:00:00:00:01") });
  host.addDevice(device);
  return { host, device };
}

describe("net/sysctl", () => {
  it("names parameters as the kernel does", () => {
    expect(["arpIgnore", "dropUnicastInL2Multicast", "gcThresh1"].map(sysctlName)).to.deep.equal([
      "arp_ignore",
      "drop_unicast_in_l2_multicast",
      "gc_thresh1",
    ]);
  });

  it("has the values of a fresh namespace of 6.18", () => {
    const { host } = hostWithDevice();

    const expected: readonly (readonly [string, string])[] = [
      ["net.ipv4.ip_forward", "0"],
      ["net.ipv4.icmp_ratemask", "6168"],
      ["net.ipv4.ipfrag_high_thresh", "4194304"],
      ["net.ipv4.route.min_pmtu", "552"],
      ["net.ipv4.conf.all.accept_source_route", "0"],
      ["net.ipv4.conf.eth0.accept_source_route", "1"],
      ["net.ipv4.conf.lo.disable_policy", "1"],
      ["net.ipv4.neigh.eth0.base_reachable_time_ms", "30000"],
      ["net.ipv4.neigh.default.gc_thresh3", "1024"],
      ["net.ipv4.neigh.default.unres_qlen_bytes", "212992"],
    ];
    for (const [name, value] of expected) expect(host.sysctls.read(name), name).to.equal(value);
    expect(host.sysctls.read("net.ipv4.no_such_thing")).to.equal(null);
  });

  it("finds what it lists, whether a field is called as in the kernel or as here", () => {
    const { host } = hostWithDevice();
    host.sysctls.defineFields("net.netfilter", { nf_conntrack_udp_timeout: 30 });

    const names = host.sysctls.names();

    expect(names).to.include("net.netfilter.nf_conntrack_udp_timeout");
    expect(names.filter((name) => host.sysctls.read(name) === null)).to.deep.equal([]);
    expect(host.sysctls.read("net.ipv4.conf.eth0.arpNotify")).to.equal(null);
  });

  it("refuses what is no number and what does not exist", () => {
    const { host } = hostWithDevice();

    expect(host.sysctls.write("net.ipv4.ip_forward", "yes")).to.equal(-22);
    expect(host.sysctls.write("net.ipv4.no_such_thing", "1")).to.equal(-2);
    expect(host.sysctls.write("net/ipv4/conf/eth0/rp_filter", " 2\n")).to.equal(0);
    expect(host.sysctls.read("net.ipv4.conf.eth0.rp_filter")).to.equal("2");
  });

  it("switches forwarding everywhere, and redirects off with it", () => {
    const { host } = hostWithDevice();

    host.sysctls.write("net.ipv4.ip_forward", "1");

    for (const where of ["all", "default", "eth0", "lo"]) {
      expect(host.sysctls.read(`net.ipv4.conf.${where}.forwarding`), where).to.equal("1");
    }
    expect(host.sysctls.read("net.ipv4.conf.all.accept_redirects")).to.equal("0");
    expect(host.sysctls.read("net.ipv4.conf.eth0.accept_redirects")).to.equal("1");
  });

  it("hands defaults to new devices and to those without settings of their own", () => {
    const { host, device } = hostWithDevice();

    host.sysctls.write("net.ipv4.conf.eth0.arp_ignore", "2");
    host.sysctls.write("net.ipv4.conf.default.arp_ignore", "1");
    host.sysctls.write("net.ipv4.conf.default.rp_filter", "1");
    host.sysctls.write("net.ipv4.neigh.default.retrans_time_ms", "500");

    expect(host.inet(device).conf).to.include({ arpIgnore: 2, rpFilter: 1 });
    expect(host.inet(device).neighbourConf.retransTimeMs).to.equal(500);
    expect(host.inet(host.loopback).conf.rpFilter, "lo has an address").to.equal(0);
  });

  it("follows a device's name", () => {
    const { host, device } = hostWithDevice();

    host.renameDevice(device, "lan0");

    expect(host.sysctls.read("net.ipv4.conf.eth0.forwarding")).to.equal(null);
    expect(host.sysctls.read("net.ipv4.conf.lan0.forwarding")).to.equal("0");
    host.removeDevice(device);
    expect(host.sysctls.read("net.ipv4.conf.lan0.forwarding")).to.equal(null);
    expect([...host.devices.keys()]).to.deep.equal(["lo"]);
  });
});
