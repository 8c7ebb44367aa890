/** Texts are those that iproute2 6.1, net-tools 2.10 and iputils 20221126 print. */
import { expect } from "chai";
import { pair } from "./world.ts";

describe("shell/network-tools", () => {
  it("ip neigh keeps proxy entries apart, and finds one entry", () => {
    const world = pair();
    world.run("a", "ip neigh add proxy 10.0.0.9 dev eth0");
    world.run("a", "ip neigh add 10.0.0.5 lladdr 2:3:4:5:6:7 dev eth0");

    expect(world.run("a", "ip neigh show proxy")).to.equal("10.0.0.9 dev eth0 proxy \n");
    expect(world.run("a", "ip -j neigh show proxy")).to.equal(
      '[{"dst":"10.0.0.9","dev":"eth0","proxy":null}]\n',
    );
    expect(world.run("a", "ip neigh get 10.0.0.5 dev eth0")).to.equal(
      "10.0.0.5 dev eth0 lladdr 02:03:04:05:06:07 PERMANENT \n",
    );
    expect(world.run("a", "ip neigh get 10.0.0.6 dev eth0")).to.equal(
      "Error: Neighbour entry not found.\n",
    );
    expect(world.run("a", "arp -an")).to.equal(
      "? (10.0.0.5) at 02:03:04:05:06:07 [ether] PERM on eth0\n" +
        "? (10.0.0.9) at <from_interface> PERM PUB on eth0\n",
    );
    expect(world.run("a", "ip -s neigh flush all")).to.equal("Nothing to flush.\n");
    expect(world.status("a", "ip neigh del proxy 10.0.0.9 dev eth0").status).to.equal(0);
    expect(world.status("a", "ip neigh del proxy 10.0.0.9 dev eth0").status).to.equal(2);
  });

  it("ip route get answers for packets that come in, and names the entry", () => {
    const world = pair();
    world.run("a", "ip route add 10.6.0.0/16 via 10.0.0.9");
    world.run("a", "sysctl -w net.ipv4.ip_forward=1");

    expect(world.run("a", "ip route get 10.6.0.1 from 10.0.0.7 iif eth0")).to.equal(
      "10.6.0.1 from 10.0.0.7 via 10.0.0.9 dev eth0 \n    cache <redirect> iif eth0 \n",
    );
    expect(world.run("a", "ip route get 10.6.0.1 fibmatch")).to.equal(
      "10.6.0.0/16 via 10.0.0.9 dev eth0 \n",
    );
    expect(world.run("a", "ip -j route get 10.6.0.1 mark 3")).to.equal(
      '[{"dst":"10.6.0.1","gateway":"10.0.0.9","dev":"eth0","prefsrc":"10.0.0.1","flags":[],"mark":3,"uid":0,"cache":[]}]\n',
    );
  });

  it("reads addresses as iproute2 and getaddrinfo do", () => {
    const world = pair();

    world.run("a", "ip route add 10.8/13 via 10.0.0.9");

    expect(world.run("a", "ip route show 10.8.0.0/255.248.0.0")).to.equal(
      "10.8.0.0/13 via 10.0.0.9 dev eth0 \n",
    );
    expect(world.run("a", "ping -c 1 127.1")).to.contain("PING 127.1 (127.0.0.1) 56(84)");
  });

  it("ip rule filters, and says what its rules name but the host lacks", () => {
    const world = pair();
    world.run("a", "ip rule add pref 11 goto 500");
    world.run("a", "ip rule add pref 13 iif v9 unreachable");
    world.run("a", "ip rule add pref 14 not from 1.1.1.1 table 3");

    expect(world.run("a", "ip rule show pref 11")).to.equal(
      "11:\tfrom all goto 500 [unresolved]\n",
    );
    expect(world.run("a", "ip rule show pref 13")).to.equal(
      "13:\tfrom all iif v9 [detached] unreachable\n",
    );
    expect(world.run("a", "ip -j rule show table 3")).to.equal(
      '[{"priority":14,"not":null,"src":"1.1.1.1","table":"3"}]\n',
    );
  });

  it("bridge lists ports' addresses, the newest first, and what devices listen to", () => {
    const world = pair();
    world.run("a", "ip link add br0 address 02:00:00:00:00:fe type bridge");
    world.run("a", "ip link set eth0 address 02:00:00:00:00:01 master br0");
    world.run("a", "bridge fdb add 02:00:00:00:aa:aa dev eth0 master static");

    expect(world.run("a", "bridge fdb show dev eth0")).to.equal(
      "02:00:00:00:aa:aa master br0 static\n02:00:00:00:00:01 master br0 permanent\n" +
        "33:33:00:00:00:01 self permanent\n01:00:5e:00:00:01 self permanent\n",
    );
    expect(world.run("a", "bridge fdb get 02:00:00:00:aa:aa br br0")).to.equal(
      "02:00:00:00:aa:aa dev eth0 master br0 static\n",
    );
    world.run("a", "bridge link set dev eth0 state disabled cost 7");
    expect(world.run("a", "bridge -j link")).to.contain(
      '"master":"br0","state":"disabled","priority":32,"cost":7}',
    );
    expect(world.run("a", "bridge link set dev eth0 cost 70000")).to.equal(
      "RTNETLINK answers: Numerical result out of range\n",
    );
  });

  it("ping -R prints the way once, and says that it is the same", () => {
    const text = pair()
      .run("a", "ping -c 2 -i 0.2 -R 10.0.0.2")
      .replace(/time=[0-9.]+ ms/g, "T");

    expect(text).to.contain(
      "PING 10.0.0.2 (10.0.0.2) 56(124) bytes of data.\n" +
        "64 bytes from 10.0.0.2: icmp_seq=1 ttl=64 T\n" +
        "RR: \t10.0.0.1\n\t10.0.0.2\n\t10.0.0.2\n\t10.0.0.1\n\n" +
        "64 bytes from 10.0.0.2: icmp_seq=2 ttl=64 T\t(same route)\n\n",
    );
  });

  it("tracepath says what fits, and where the way ends", () => {
    const text = pair()
      .run("a", "tracepath -n 10.0.0.2")
      .replace(/ +[0-9.]+ms/g, " T");

    // A hop whose probe showed a new MTU is asked once more.
    expect(text).to.equal(
      " 1?: [LOCALHOST]                      pmtu 1500\n 1:  10.0.0.2 T reached\n" +
        " 1:  10.0.0.2 T reached\n     Resume: pmtu 1500 hops 1 back 1 \n",
    );
  });

  it("netstat prints sockets, routes and devices", () => {
    const world = pair();
    world.start("a", "nc -l -k 8000");
    world.start("a", "nc -u -l 8001");
    world.run("a", "sleep 0.1");

    expect(world.run("a", "netstat -tuln")).to.equal(
      "Active Internet connections (only servers)\n" +
        "Proto Recv-Q Send-Q Local Address           Foreign Address         State      \n" +
        "tcp        0      0 0.0.0.0:8000            0.0.0.0:*               LISTEN     \n" +
        "udp        0      0 0.0.0.0:8001            0.0.0.0:*                          \n",
    );
    expect(world.run("a", "netstat -rn")).to.equal(
      "Kernel IP routing table\n" +
        "Destination     Gateway         Genmask         Flags   MSS Window  irtt Iface\n" +
        "10.0.0.0        0.0.0.0         255.255.255.0   U         0 0          0 eth0\n",
    );
    expect(
      world.run("a", "ss -Htln '( sport = :8000 or sport = :9 ) and not src 10.0.0.7'"),
    ).to.match(/^LISTEN .*0\.0\.0\.0:8000 .*\n$/);
    expect(world.run("a", "ss -Htln 'sport > :8000'")).to.equal("");
  });

  it("ip link: alias, ARP and promiscuity show; without ARP nobody is asked", () => {
    const world = pair();
    world.run("a", "ip link set eth0 alias uplink promisc on arp off");

    expect(world.run("a", "ip link show eth0")).to.match(
      /<BROADCAST,MULTICAST,NOARP,PROMISC,UP,LOWER_UP>[\s\S]*\n {4}alias uplink\n$/,
    );
    world.run("a", "ping -c 1 -W 0.2 10.0.0.2");
    expect(world.run("a", "ip neigh show nud noarp")).to.contain("10.0.0.2 dev eth0 lladdr ");
  });

  it("/proc/sys takes what the shell writes", () => {
    const world = pair();

    world.run("a", "echo 1 > /proc/sys/net/ipv4/ip_forward");

    expect(world.run("a", "cat /proc/sys/net/ipv4/ip_forward")).to.equal("1\n");
    expect(world.status("a", "echo x > /proc/sys/net/ipv4/ip_forward").status).to.not.equal(0);
  });

  it("traceroute -T ends where a SYN is accepted or reset", () => {
    const world = pair();
    world.start("b", "nc -l -k 80");

    for (const port of [80, 81]) {
      const text = world.run("a", `traceroute -n -T -q 1 -p ${port} 10.0.0.2`);
      expect(text.replace(/[0-9.]+ ms/g, "T")).to.equal(
        "traceroute to 10.0.0.2 (10.0.0.2), 30 hops max, 60 byte packets\n 1  10.0.0.2  T\n",
      );
    }
  });

  it("ping tries again when the line takes nothing, and gives up in time", () => {
    const world = pair();
    world.run("a", "ping -c 1 10.0.0.2");
    world.run("b", "ip link set eth0 mtu 600");

    expect(world.status("a", "ping -c 1 -i 0.5 -W 1 -s 1200 10.0.0.2").err).to.equal(
      "ping: sendmsg: No buffer space available\n",
    );
    expect(world.run("a", "ping -q -c 1 10.0.0.2")).to.contain("1 received");
  });
});
