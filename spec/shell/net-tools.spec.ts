/** Texts and exit statuses are those of net-tools 2.10 on Linux 6.18, one after another. */
import { expect } from "chai";
import { pair } from "./world.ts";

describe("shell/net-tools", () => {
  it("ifconfig changes one property by one word", () => {
    const world = pair();
    world.run("a", "ip addr flush dev eth0");
    const inet = (line: string): string[] => {
      world.run("a", `ifconfig ${line}`);
      const shown = world.run("a", "ip -o addr show dev eth0");
      return [...shown.matchAll(/inet (.*?)\\/g)].map(([, text = ""]) => text.trim());
    };

    expect(inet("eth0 10.1.2.3")).to.deep.equal([
      "10.1.2.3/8 brd 10.255.255.255 scope global eth0",
    ]);
    expect(inet("eth0 10.1.2.4 netmask 255.255.255.0")).to.deep.equal([
      "10.1.2.4/24 brd 10.1.2.255 scope global eth0",
    ]);
    expect(inet("eth0 10.1.2.5/25")).to.deep.equal([
      "10.1.2.5/25 brd 10.1.2.127 scope global eth0",
    ]);
    expect(inet("eth0 broadcast 10.1.2.99")).to.deep.equal([
      "10.1.2.5/25 brd 10.1.2.99 scope global eth0",
    ]);
    expect(inet("eth0 netmask 255.255.0.0")).to.deep.equal([
      "10.1.2.5/16 brd 10.1.2.99 scope global eth0",
    ]);
    expect(inet("eth0:1 192.168.9.9")).to.deep.equal([
      "10.1.2.5/16 brd 10.1.2.99 scope global eth0",
      "192.168.9.9/24 brd 192.168.9.255 scope global eth0:1",
    ]);
    expect(inet("eth0:1 down")).to.have.length(1);
    expect(inet("eth0 0.0.0.0")).to.deep.equal([]);
  });

  it("ifconfig refuses, and carries out what stands before", () => {
    const world = pair();
    const help = "ifconfig: `--help' gives usage information.\n";
    for (const [line, status, err] of [
      ["eth0 mtu 14", 1, "SIOCSIFMTU: Invalid argument\n"],
      ["eth0 10.300.1.1", 1, `10.300.1.1: Unknown host\n${help}`],
      ["eth0 10.2.2.2 netmask 255.0.255.0", 1, "SIOCSIFNETMASK: Invalid argument\n"],
      ["eth0 224.0.0.1", 1, "SIOCSIFADDR: Invalid argument\n"],
      ["eth0:7 down", 255, "SIOCSIFFLAGS: Cannot assign requested address\n"],
      [
        "nope 10.0.0.1",
        255,
        "SIOCSIFADDR: No such device\nnope: ERROR while getting interface flags: No such device\n",
      ],
    ] as const) {
      expect(world.status("a", `ifconfig ${line}`), line).to.deep.equal({ status, out: "", err });
    }
    expect(world.run("a", "ip addr show dev eth0")).to.include("inet 10.2.2.2/8");
  });

  it("route adds before what is there, and deletes what agrees", () => {
    const world = pair();
    world.run("a", "ifconfig eth0 10.1.1.1 netmask 255.255.255.0");
    world.run("a", "ip route flush default");
    for (const line of [
      "add default gw 10.1.1.2",
      "add default gw 10.1.1.3",
      "add -net 10.2.0.0 netmask 255.255.0.0 gw 10.1.1.3 metric 5",
      "add -net 10.5.0.0/16 dev eth0",
      "add 10.6.6.6 gw 10.1.1.4",
      "add -net 10.9.0.0 netmask 255.255.0.0 reject",
      "add -net 10.12.0.0/16 gw 10.1.1.2 mss 1300",
      "del default gw 10.1.1.2",
      "del 10.6.6.6",
    ]) {
      expect(world.status("a", `route ${line}`).err, line).to.equal("");
    }

    expect(world.run("a", "ip route").replaceAll(" \n", "\n")).to.equal(
      [
        "default via 10.1.1.3 dev eth0",
        "10.1.1.0/24 dev eth0 proto kernel scope link src 10.1.1.1",
        "10.2.0.0/16 via 10.1.1.3 dev eth0 metric 5",
        "10.5.0.0/16 dev eth0 scope link",
        "unreachable 10.9.0.0/16 scope host",
        "10.12.0.0/16 via 10.1.1.2 dev eth0 advmss 1260",
        "",
      ].join("\n"),
    );
  });

  it("route refuses", () => {
    const world = pair();
    world.run("a", "ifconfig eth0 10.1.1.1 netmask 255.255.255.0");
    for (const [line, status, err] of [
      ["add -net 10.8.0.0 gw 10.1.1.9", 7, "SIOCADDRT: Invalid argument\n"],
      ["add default gw 172.16.0.1", 7, "SIOCADDRT: Network is unreachable\n"],
      ["add default dev nope", 7, "SIOCADDRT: No such device\n"],
      ["add -net 10.11.0.0/16", 7, "SIOCADDRT: No such device\n"],
      ["del -net 10.77.0.0/16", 7, "SIOCDELRT: No such process\n"],
      ["add default gw 10.300.1.1", 6, "10.300.1.1: Unknown host\n"],
    ] as const) {
      const outcome = world.status("a", `route ${line}`);
      expect([outcome.status, outcome.err], line).to.deep.equal([status, err]);
    }
    for (const [line, first] of [
      ["add -net 10.8.1.0/16 gw 10.1.1.9", "route: netmask doesn't match route address"],
      ["add -net 10.15.0.0 netmask 255.0.255.0 gw 10.1.1.2", "route: bogus netmask 255.0.255.0"],
      [
        "add 10.20.0.0/16 gw 10.1.1.2",
        "route: netmask 0000ffff doesn't make sense with host route",
      ],
    ] as const) {
      const outcome = world.status("a", `route ${line}`);
      expect([outcome.status, outcome.err.split("\n")[0]], line).to.deep.equal([3, first]);
    }
  });

  it("sysctl knows what the kernel takes", () => {
    const world = pair();
    for (const setting of ["ip_default_ttl=300", "ip_default_ttl=0", "icmp_echo_ignore_all=2"]) {
      expect(world.status("a", `sysctl -w net.ipv4.${setting}`).status, setting).to.equal(1);
    }
    expect(world.run("a", "sysctl -n net.ipv4.ip_default_ttl")).to.equal("64\n");
  });
});
