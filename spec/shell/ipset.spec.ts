/** Texts are those that ipset 7.17 printed on Linux 6.18 for the same commands. */
import { expect } from "chai";
import { World } from "./world.ts";

describe("shell/commands/ipset", () => {
  it("complains where its standard error goes", () => {
    const world = new World("a");

    expect(world.run("a", "ipset destroy x 2>/dev/null; echo $?")).to.equal("1\n");
    expect(world.run("a", "(ipset destroy x 2>&1) | wc -l")).to.equal("1\n");
  });

  it("prints sets as listings and as commands", () => {
    const world = new World("a");
    world.run("a", "ipset create e bitmap:port range 0-65535; ipset add e 100-101; ipset add e 80");
    world.run("a", "ipset create b hash:ip,port counters; ipset add b 1.2.3.4,udp:53");
    world.run("a", "ipset add b 1.2.3.4,icmp:ping; ipset add b 1.2.3.4,80");

    expect(world.run("a", "ipset list -t e").split("\n")[3]).to.equal("Header: range 0-65535");
    expect(world.run("a", "ipset save e")).to.equal(
      "create e bitmap:port range 0-65535\nadd e 80\nadd e 100\nadd e 101\n",
    );
    expect(world.run("a", "ipset list b").replace(/0x[0-9a-f]{8}/, "0x")).to.equal(
      "Name: b\nType: hash:ip,port\nRevision: 7\n" +
        "Header: family inet hashsize 1024 maxelem 65536 counters bucketsize 12 initval 0x\n" +
        "Size in memory: 456\nReferences: 0\nNumber of entries: 3\nMembers:\n" +
        "1.2.3.4,udp:53 packets 0 bytes 0\n" +
        "1.2.3.4,icmp:echo-request packets 0 bytes 0\n" +
        "1.2.3.4,tcp:80 packets 0 bytes 0\n",
    );
  });

  it("finds addresses in networks but for exceptions", () => {
    const world = new World("a");
    world.run(
      "a",
      "ipset create f hash:net; ipset add f 10.0.0.0/8; ipset add f 10.2.0.0/16 nomatch",
    );

    expect(world.run("a", "ipset test f 10.5.6.7 2>&1")).to.equal(
      "Warning: 10.5.6.7 is in set f.\n",
    );
    expect(world.run("a", "ipset test f 10.2.3.4 2>&1")).to.equal("10.2.3.4 is NOT in set f.\n");
  });

  it("swaps what rules meet under a name", () => {
    const world = new World("a");
    world.run("a", "ipset create x hash:ip; ipset create y hash:ip; ipset add y 1.1.1.1");
    world.run("a", "iptables -A INPUT -m set --match-set x src; ipset swap x y");

    expect(world.run("a", "ipset destroy x 2>&1")).to.equal(
      "ipset v7.17: Set cannot be destroyed: it is in use by a kernel component\n",
    );
    expect(world.run("a", "ipset list x")).to.match(/References: 1\n.*\nMembers:\n1\.1\.1\.1\n$/);
  });

  it("keeps comments, values for packets and the part of addresses that counts", () => {
    const world = new World("a");
    world.run("a", "ipset create m hash:ip netmask 24 comment skbinfo timeout 100");
    world.run("a", "ipset add m 10.0.0.7 comment 'two words' skbmark 0x10/0xff skbprio 1:a");

    expect(world.run("a", "ipset save m").replace(/0x[0-9a-f]{8}/, "0x")).to.equal(
      "create m hash:ip family inet hashsize 1024 maxelem 65536 netmask 24 timeout 100 comment " +
        "skbinfo bucketsize 12 initval 0x\n" +
        'add m 10.0.0.0 timeout 99 comment "two words" skbmark 0x10/0xff skbprio 1:a\n',
    );
    expect(world.run("a", "ipset test m 10.0.0.200 2>&1")).to.equal(
      "Warning: 10.0.0.200 is in set m.\n",
    );
  });

  it("keeps the counts of an element that is added again, but not its comment and values", () => {
    const world = new World("a");
    world.run("a", "ipset create c hash:ip counters comment skbinfo");
    world.run("a", 'ipset add c 10.0.0.1 packets 3 bytes 4 comment "x" skbmark 0x1/0xf');

    world.run("a", "ipset -exist add c 10.0.0.1 packets 9");

    expect(world.run("a", "ipset list c").split("Members:\n")[1]).to.equal(
      "10.0.0.1 packets 9 bytes 4\n",
    );
  });

  it("makes the fewest networks of a range", () => {
    const world = new World("a");

    world.run("a", "ipset create n hash:net; ipset add n 10.0.0.1-10.0.0.8");

    expect(world.run("a", "ipset list n").split("Members:\n")[1]).to.equal(
      "10.0.0.1\n10.0.0.2/31\n10.0.0.4/30\n10.0.0.8\n",
    );
  });

  it("refuses names before values, and the kernel's part last", () => {
    const world = new World("a");
    world.run("a", "ipset create p hash:ip,port");
    const run = (line: string) => world.run("a", `ipset ${line}`);

    expect(run("create x hash:ip maxelem y bogus")).to.equal(
      "ipset v7.17: Unknown argument: `bogus'\nTry `ipset help' for more information.\n",
    );
    expect(run("add p 10.0.0.1,47:80 timeout 5")).to.equal(
      "ipset v7.17: Syntax error: Protocol 47 can be used with pseudo port value 0 only.\n",
    );
    expect(run("add p 10.0.0.1,80 timeout 5")).to.equal(
      "ipset v7.17: Timeout cannot be used: set was created without timeout support\n",
    );
    expect(run("-q add p 10.0.0.1,x")).to.equal("");
  });
});

describe("shell/commands/nfacct", () => {
  it("prints counters with twenty digits", () => {
    const world = new World("a");

    expect(world.run("a", "nfacct add drops; nfacct list")).to.equal(
      "{ pkts = 00000000000000000000, bytes = 00000000000000000000 } = drops;\n",
    );
  });
});
