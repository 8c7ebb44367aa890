/** Lines are those of xtables-monitor 1.8.9 on Linux 6.18; numbers of packets and rules differ. */
import { expect } from "chai";
import { pair } from "./world.ts";

describe("shell/commands/xtables-monitor", () => {
  it("prints the way of a traced packet while it listens", () => {
    const world = pair();
    world.run("b", "iptables -t raw -A PREROUTING -p icmp -j TRACE");
    world.run("b", "iptables -A INPUT -p icmp -j ACCEPT");
    const monitor = world.start("b", "timeout 1 xtables-monitor --trace");

    world.run("a", "sleep 0.1; ping -c 1 10.0.0.2");
    world.finish(monitor);

    const [packet = "", ...lines] = monitor.out.split("\n");
    const traces = lines.filter((line) => line.startsWith(" TRACE"));
    expect(packet).to.match(
      /^PACKET: 2 [0-9a-f]{8} IN=eth0 MACSRC=2:0:0:0:0:1 MACDST=2:0:0:0:0:2 MACPROTO=0800 SRC=10\.0\.0\.1 DST=10\.0\.0\.2 LEN=84 TOS=0x0 TTL=64 ID=\d+ DF $/,
    );
    expect(traces.map((line) => line.slice(" TRACE: 2 00000001 ".length))).to.deep.equal([
      "raw:PREROUTING:rule:0x1:CONTINUE  -4 -t raw -A PREROUTING -p icmp -j TRACE",
      "raw:PREROUTING:policy:ACCEPT ",
      "filter:INPUT:rule:0x1:ACCEPT  -4 -t filter -A INPUT -p icmp -j ACCEPT",
    ]);
    expect(world.host("b").netfilter.trace).to.equal(null);
  });

  it("prints how it is used when it is not told what to do", () => {
    const world = pair();

    const { status, err } = world.status("a", "xtables-monitor");

    expect(status).to.equal(1);
    expect(err).to.match(
      /^xtables-monitor 1\.8\.9 \(nf_tables\)\nUsage: xtables-monitor \[ -t \| -e \]\n/,
    );
  });
});
