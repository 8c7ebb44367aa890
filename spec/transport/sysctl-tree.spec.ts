import { expect } from "chai";
import { transportsOf } from "../../lib/transport/stack.ts";
import { World } from "../support/world.ts";

function treeOfHost() {
  const host = new World().host("a");
  transportsOf(host);
  return host.sysctls;
}

describe("transport/sysctl-tree", () => {
  it("takes what a 6.18 kernel takes", () => {
    const sysctls = treeOfHost();

    const cases: readonly (readonly [string, string, number])[] = [
      ["net.ipv4.tcp_ecn", "3", -22],
      ["net.ipv4.tcp_syn_retries", "0", -22],
      ["net.ipv4.tcp_syn_retries", "127", 0],
      ["net.ipv4.tcp_synack_retries", "0", 0],
      ["net.ipv4.tcp_sack", "1x", -22],
      ["net.ipv4.tcp_sack", "0x1", 0],
      ["net.ipv4.tcp_rto_max_ms", "999", -22],
      ["net.ipv4.tcp_keepalive_time", "-1", 0],
      ["net.ipv4.tcp_rmem", "0 1 2", -22],
      ["net.ipv4.tcp_rmem", "5000", 0],
      ["net.ipv4.tcp_congestion_control", "nope", -2],
      ["net.ipv4.tcp_congestion_control", "reno", 0],
      ["net.core.rmem_max", "100", -22],
    ];
    for (const [name, value, result] of cases) {
      expect(sysctls.write(name, value), `${name}=${value}`).to.equal(result);
    }
    expect(sysctls.read("net.ipv4.tcp_rmem")).to.equal("5000\t131072\t33554432");
  });

  it("prints reserved ports as sorted ranges", () => {
    const sysctls = treeOfHost();

    expect(sysctls.write("net.ipv4.ip_local_reserved_ports", "8080,9000-9002,9001,1")).to.equal(0);
    expect(sysctls.read("net.ipv4.ip_local_reserved_ports")).to.equal("1,8080,9000-9002");
    expect(sysctls.write("net.ipv4.ip_local_reserved_ports", "70000")).to.equal(-22);
    expect(sysctls.write("net.ipv4.ip_local_reserved_ports", "")).to.equal(0);
    expect(sysctls.read("net.ipv4.ip_local_reserved_ports")).to.equal("");
  });

  it("names a congestion control that the kernel has and this does not", () => {
    expect(() => treeOfHost().write("net.ipv4.tcp_congestion_control", "bbr")).to.throw(
      "net.ipv4.tcp_congestion_control = bbr is not modelled (cubic and reno are)",
    );
  });
});
