import { expect } from "chai";
import { addRoute, ping, record, World } from "../support/world.ts";

describe("net/icmp", () => {
  it("answers an echo request after asking for the link address", () => {
    const world = new World();
    const a = world.host("a");
    const b = world.host("b");
    const [eth0] = world.connect(a, b, ["10.0.0.1/24", "10.0.0.2/24"]);
    const seen = record(eth0);

    ping(a, "10.0.0.2");
    world.run(100);

    expect(seen.lines).to.deep.equal([
      "> arp who-has 10.0.0.2 tell 10.0.0.1 broadcast",
      `< arp 10.0.0.2 is-at ${seen.frames[1]?.bytes.subarray(6, 12).toString("hex")}`,
      "> 10.0.0.1 > 10.0.0.2 ttl 64 proto 1 length 84 icmp 8/0",
      "< 10.0.0.2 > 10.0.0.1 ttl 64 proto 1 length 84 icmp 0/0",
    ]);
    expect(world.pool.outstanding).to.equal(0);
  });

  it("forwards through a router and back", () => {
    const world = new World();
    const a = world.host("a");
    const r = world.host("r");
    const b = world.host("b");
    const [eth0] = world.connect(a, r, ["10.0.1.2/24", "10.0.1.1/24"]);
    world.connect(b, r, ["10.0.2.2/24", "10.0.2.1/24"], ["eth0", "eth1"]);
    addRoute(a, "0.0.0.0/0", "10.0.1.1");
    addRoute(b, "0.0.0.0/0", "10.0.2.1");
    r.sysctls.write("net.ipv4.ip_forward", "1");
    const seen = record(eth0);

    ping(a, "10.0.2.2");
    world.run(100);

    expect(seen.lines.at(-1)).to.equal("< 10.0.2.2 > 10.0.1.2 ttl 63 proto 1 length 84 icmp 0/0");
    expect(world.pool.outstanding).to.equal(0);
  });
});
