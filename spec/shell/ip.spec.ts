/** Texts are those that iproute2 6.1 printed on Linux 6.18 for the same commands. */
import { expect } from "chai";
import { pair, World } from "./world.ts";

describe("shell/commands/ip", () => {
  it("shows links with flags, state, peer and statistics", () => {
    const world = pair();

    expect(world.run("a", "ip link show eth0")).to.equal(
      "2: eth0@if2: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP mode DEFAULT group default qlen 1000\n" +
        "    link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff link-netns b\n",
    );
    expect(world.run("a", "ip -s link show eth0").split("\n").slice(2)).to.deep.equal([
      "    RX:  bytes packets errors dropped  missed   mcast           ",
      "             0       0      0       0       0       0 ",
      "    TX:  bytes packets errors dropped carrier collsns           ",
      "             0       0      0       0       0       0 ",
      "",
    ]);
  });

  it("tells a device without carrier from one whose peer is down in the same namespace", () => {
    const world = new World("a");
    world.run("a", "ip link add br0 type bridge; ip link add v1 type veth peer name v2");
    world.run("a", "ip link set v1 master br0; ip link set br0 up; ip link set v1 up");

    expect(
      world
        .run("a", "ip -br link")
        .split("\n")
        .map((line) => line.replace(/..:.*<|<|>/g, "<")),
    ).to.deep.equal([
      "lo               DOWN           <LOOPBACK< ",
      "br0              DOWN           <NO-CARRIER,BROADCAST,MULTICAST,UP< ",
      "v2@v1            DOWN           <BROADCAST,MULTICAST< ",
      "v1@v2            LOWERLAYERDOWN <NO-CARRIER,BROADCAST,MULTICAST,UP,M-DOWN< ",
      "",
    ]);
  });

  it("shows addresses, secondary ones, peers and labels", () => {
    const world = pair();
    world.run(
      "a",
      "ip addr add 10.0.0.7/24 dev eth0; ip addr add 10.5.0.1 peer 10.5.0.2/32 dev eth0",
    );

    expect(world.run("a", "ip -4 addr show dev eth0")).to.equal(
      "2: eth0@if2: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default qlen 1000 link-netns b\n" +
        "    inet 10.0.0.1/24 scope global eth0\n       valid_lft forever preferred_lft forever\n" +
        "    inet 10.5.0.1 peer 10.5.0.2/32 scope global eth0\n       valid_lft forever preferred_lft forever\n" +
        "    inet 10.0.0.7/24 scope global secondary eth0\n       valid_lft forever preferred_lft forever\n",
    );
  });

  it("shows routes with metrics and says what it decides", () => {
    const world = pair();
    world.run(
      "a",
      "ip route add 10.9.0.0/16 via 10.0.0.2 dev eth0 metric 100 mtu 1400 advmss 1300",
    );
    world.run(
      "a",
      "ip route add default via 10.0.0.3 initcwnd 20 congctl cubic quickack 1 rto_min 10ms",
    );
    world.run("a", "ip route add unreachable 10.10.0.0/16; ip route add 10.13.0.1 dev eth0");

    expect(world.run("a", "ip route")).to.equal(
      "default via 10.0.0.3 dev eth0 initcwnd 20 rto_min lock 10ms quickack 1 congctl cubic \n" +
        "10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.1 \n" +
        "10.9.0.0/16 via 10.0.0.2 dev eth0 metric 100 mtu 1400 advmss 1300 \n" +
        "unreachable 10.10.0.0/16 \n10.13.0.1 dev eth0 scope link \n",
    );
    expect(world.run("a", "ip route get 8.8.8.8")).to.equal(
      "8.8.8.8 via 10.0.0.3 dev eth0 src 10.0.0.1 uid 0 \n" +
        "    cache initcwnd 20 rto_min lock 10ms quickack 1 congctl cubic \n",
    );
    expect(world.run("a", "ip route get 10.0.0.1")).to.equal(
      "local 10.0.0.1 dev lo src 10.0.0.1 uid 0 \n    cache <local> \n",
    );
  });

  it("adds rules before the second one and flushes all but the first", () => {
    const world = pair();
    world.run(
      "a",
      "ip rule add from 10.0.0.7 table 100; ip rule add fwmark 0x1/0xff lookup 200 pref 1000",
    );
    world.run("a", "ip rule add to 10.3.0.0/16 iif eth0 lookup main");

    expect(world.run("a", "ip rule")).to.equal(
      "0:\tfrom all lookup local\n999:\tfrom all to 10.3.0.0/16 iif eth0 lookup main\n" +
        "1000:\tfrom all fwmark 0x1/0xff lookup 200\n32765:\tfrom 10.0.0.7 lookup 100\n" +
        "32766:\tfrom all lookup main\n32767:\tfrom all lookup default\n",
    );
  });

  it("refuses as the real one does, with its exit status", () => {
    const world = pair();
    const cases: [string, number, string][] = [
      ["ip addr add 10.0.0.1/24 dev eth0", 2, "Error: ipv4: Address already assigned.\n"],
      [
        "ip addr add 10.0.0.1/33 dev eth0",
        1,
        'Error: any valid prefix is expected rather than "10.0.0.1/33".\n',
      ],
      ["ip addr add 10.0.0.3/24 dev nope", 1, 'Cannot find device "nope"\n'],
      ["ip link show nope", 1, 'Device "nope" does not exist.\n'],
      ["ip foo", 1, 'Object "foo" is unknown, try "ip help".\n'],
      ["ip route foo", 255, 'Command "foo" is unknown, try "ip route help".\n'],
      ["ip route add default via 10.9.9.9", 2, "Error: Nexthop has invalid gateway.\n"],
      ["ip route add 10.13.0.3/24 dev eth0", 2, "Error: Invalid prefix for given prefix length.\n"],
      ["ip route del 10.13.0.1", 2, "RTNETLINK answers: No such process\n"],
      ["ip route get 10.200.0.1", 2, "RTNETLINK answers: Network is unreachable\n"],
      ["ip route show table 77", 2, "Error: ipv4: FIB table does not exist.\nDump terminated\n"],
      ["ip neigh add 10.0.0.50 dev eth0", 2, "Error: No link layer address given.\n"],
      ["ip neigh flush", 1, "Flush requires arguments.\n"],
      ["ip link set eth0 mtu 50", 2, "Error: mtu less than device minimum.\n"],
    ];

    for (const [line, status, err] of cases) {
      expect(world.status("a", line), line).to.deep.equal({ status, out: "", err });
    }
  });

  it("sets and shows neighbours", () => {
    const world = pair();
    world.run("a", "ip neigh add 10.0.0.50 lladdr 02:00:00:00:00:50 dev eth0");

    expect(world.run("a", "ip neigh")).to.equal(
      "10.0.0.50 dev eth0 lladdr 02:00:00:00:00:50 PERMANENT \n",
    );
    expect(world.run("a", "ip neigh show dev eth0")).to.equal(
      "10.0.0.50 lladdr 02:00:00:00:00:50 PERMANENT \n",
    );
  });
});

describe("shell/commands/ip/route-metrics", () => {
  it("prints every metric in the order of RTAX_*, with its lock", () => {
    const world = pair();
    const metrics =
      "rtt 100ms rttvar 50ms cwnd lock 3 ssthresh 4 reordering 5 hoplimit 6 initcwnd 7 initrwnd 8 " +
      "quickack 1 rto_min 30ms features ecn congctl reno advmss lock 1000 mtu 1400 window 2000";

    world.run("a", `ip route add 10.50.0.0/24 dev eth0 ${metrics}`);

    expect(world.run("a", "ip route show 10.50.0.0/24")).to.equal(
      "10.50.0.0/24 dev eth0 scope link mtu 1400 window 2000 rtt 100ms rttvar 50ms ssthresh 4 " +
        "cwnd lock 3 advmss lock 1000 reordering 5 hoplimit 6 initcwnd 7 features ecn " +
        "rto_min lock 30ms initrwnd 8 quickack 1 congctl reno \n",
    );
  });

  it("takes times without a unit in eighths and quarters of a millisecond", () => {
    const world = pair();

    world.run("a", "ip route add 10.50.0.0/24 dev eth0 rtt 100 rttvar 5");
    world.run("a", "ip route add 10.51.0.0/24 dev eth0 rtt 1s mtu lock 1300 features ecn");

    expect(world.run("a", "ip route show 10.50.0.0/24")).to.contain("rtt 12ms rttvar 1ms");
    expect(world.run("a", "ip -j route show 10.51.0.0/24")).to.contain(
      '"metrics":[{"mtu":1300,"rtt":1000,"ecn":null}]',
    );
  });
});
