/**
 * Texts and exit statuses are those that iproute2 6.1, net-tools 2.10 and procps 4.0.2 gave in a
 * network namespace with the same devices and addresses.
 */
import { expect } from "chai";
import { pair, type World } from "./world.ts";

function expectAll(world: World, cases: readonly (readonly [string, number, string])[]): void {
  for (const [line, status, err] of cases) {
    expect(world.status("a", line), line).to.deep.equal({ status, out: "", err });
  }
}

describe("shell/refusals", () => {
  it("ip link", () => {
    const world = pair();
    world.run("a", "ip link add br0 type bridge");

    expectAll(world, [
      ["ip link set foo up", 1, 'Cannot find device "foo"\n'],
      ["ip link add eth0 type bridge", 2, "RTNETLINK answers: File exists\n"],
      ["ip link add x", 1, 'Not enough information: "type" argument is required\n'],
      [
        "ip link add averyverylongname0 type bridge",
        2,
        "Error: Attribute failed policy validation.\n",
      ],
      [
        "ip link set eth0 master nope",
        255,
        'Error: argument "nope" is wrong: Device does not exist\n\n',
      ],
      ["ip link del lo", 2, "RTNETLINK answers: Operation not supported\n"],
      ["ip link set lo master br0", 2, "RTNETLINK answers: Invalid argument\n"],
      ["ip link set br0 master br0", 2, "Error: Can not enslave a bridge to a bridge.\n"],
      [
        "ip link set eth0 address 01:00:00:00:00:01",
        2,
        "RTNETLINK answers: Cannot assign requested address\n",
      ],
      ["ip link set eth0 mtu 70000", 2, "Error: mtu greater than device maximum.\n"],
      ["ip link set eth0 mtu abc", 255, 'Error: argument "abc" is wrong: Invalid "mtu" value\n\n'],
      ["ip link set eth0 address zz", 1, '"zz" is invalid lladdr.\n'],
      ["ip link set", 255, 'Not enough information: "dev" argument is required.\n'],
    ]);
  });

  it("ip route, ip rule and ip neigh", () => {
    const world = pair();
    world.run("a", "ip route add 10.1.0.0/16 via 10.0.0.2");

    expectAll(world, [
      ["ip route add 10.2.0.0/16", 2, "RTNETLINK answers: No such device\n"],
      [
        "ip route add 10.1.0.0/16 via 10.0.0.300",
        1,
        'Error: inet address is expected rather than "10.0.0.300".\n',
      ],
      [
        "ip route add 10.1.0.0/16 via 10.0.0.2 foo 3",
        255,
        'Error: either "to" is duplicate, or "foo" is a garbage.\n',
      ],
      [
        "ip route add 10.1.0.0/16 via 10.0.0.2 metric x",
        255,
        'Error: argument "x" is wrong: "metric" value is invalid\n\n',
      ],
      ["ip route add 10.1.0.0/16 via 10.0.0.2", 2, "RTNETLINK answers: File exists\n"],
      ["ip route flush", 1, '"ip route flush" requires arguments.\n'],
      ["ip rule add foo", 255, 'Error: argument "foo" is wrong: Failed to parse rule type\n'],
      ["ip rule del pref 77", 2, "RTNETLINK answers: No such file or directory\n"],
      ["ip neigh show dev nope", 1, 'Cannot find device "nope"\n'],
      ["ip neigh del 10.0.0.9 dev eth0", 2, "RTNETLINK answers: No such file or directory\n"],
    ]);
  });

  it("bridge, arp, ifconfig and sysctl", () => {
    expectAll(pair(), [
      ["bridge foo", 255, 'Object "foo" is unknown, try "bridge help".\n'],
      ["bridge fdb add zz dev p1", 255, "Invalid mac address zz\n"],
      ["bridge fdb show dev nope", 255, 'Cannot find device "nope"\n'],
      ["arp -s 10.0.0.50 zz", 255, "arp: invalid hardware address\n"],
      ["arp -s 10.99.0.50 02:00:00:00:00:50", 255, "SIOCSARP: Network is unreachable\n"],
      ["ifconfig nope", 1, "nope: error fetching interface information: Device not found\n"],
      [
        "sysctl net.ipv4.nope",
        1,
        "sysctl: cannot stat /proc/sys/net/ipv4/nope: No such file or directory\n",
      ],
      [
        "sysctl -w net.ipv4.ip_forward",
        1,
        "sysctl: command line(0): invalid syntax, continuing...\n",
      ],
      [
        "sysctl -w net.ipv4.ip_default_ttl=abc",
        1,
        'sysctl: setting key "net.ipv4.ip_default_ttl": Invalid argument\n',
      ],
      ["sysctl -e net.ipv4.nope", 0, ""],
    ]);
  });

  it("shows routes with their types, ARP entries and sysctls as asked", () => {
    const world = pair();
    world.run("a", "arp -s 10.0.0.50 02:00:00:00:00:50");
    const shown: [string, string][] = [
      ["ip -d route", "unicast 10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.1 \n"],
      [
        "arp -n 10.0.0.50",
        "Address                  HWtype  HWaddress           Flags Mask            Iface\n" +
          "10.0.0.50                ether   02:00:00:00:00:50   CM                    eth0\n",
      ],
      ["arp -n 10.0.0.51", "10.0.0.51 (10.0.0.51) -- no entry\n"],
      ["sysctl -n -w net.ipv4.ip_forward=1", "1\n"],
      ["sysctl net/ipv4/ip_forward", "net.ipv4.ip_forward = 1\n"],
      [
        "route -n",
        "Kernel IP routing table\nDestination     Gateway         Genmask         Flags Metric Ref    Use Iface\n" +
          "10.0.0.0        0.0.0.0         255.255.255.0   U     0      0        0 eth0\n",
      ],
    ];

    for (const [line, text] of shown) expect(world.run("a", line), line).to.equal(text);
  });

  it("says on standard output that there is no ARP entry", () => {
    expect(pair().status("a", "arp -d 10.0.0.77")).to.deep.equal({
      status: 255,
      out: "No ARP entry for 10.0.0.77\n",
      err: "",
    });
  });

  it("traceroute to where no route leads says so after its first line", () => {
    expect(pair().status("a", "traceroute -n 10.99.0.1")).to.deep.equal({
      status: 1,
      out: "traceroute to 10.99.0.1 (10.99.0.1), 30 hops max, 60 byte packets\n",
      err: "connect: Network is unreachable\n",
    });
  });
});
