import { expect } from "chai";
import { utf8 } from "../../lib/base/bytes.ts";
import { NS_PER_S } from "../../lib/base/units.ts";
import { pair, type World } from "./world.ts";

function withServer(records: string, conf: string): World {
  const world = pair();
  world.host("a").files.write("/etc/resolv.conf", utf8(conf));
  world.host("a").files.write("/etc/hosts", utf8("127.0.0.1 localhost\n10.0.0.2 peer # b\n"));
  world.start("b", `dns-server ${records}`);
  return world;
}

describe("shell/commands/getent", () => {
  it("finds a name by the search list", () => {
    const world = withServer(
      "web.default.svc.cluster.local=10.0.0.2 www.svc.cluster.local=10.0.0.3",
      "nameserver 10.0.0.2\nsearch default.svc.cluster.local svc.cluster.local\noptions ndots:5\n",
    );

    expect(world.run("a", "getent ahosts web")).to.equal(
      "10.0.0.2        STREAM web.default.svc.cluster.local\n10.0.0.2        DGRAM  \n10.0.0.2        RAW    \n",
    );
    expect(world.run("a", "getent hosts web.default.svc.cluster.local.")).to.contain("10.0.0.2");
  });

  it("prefers /etc/hosts and knows localhost", () => {
    const world = withServer("peer=10.0.0.9", "nameserver 10.0.0.2\n");

    expect(world.run("a", "getent hosts peer")).to.equal("10.0.0.2        peer\n");
    expect(world.run("a", "getent hosts localhost")).to.equal("127.0.0.1       localhost\n");
  });

  it("finds no address behind an alias that the server does not follow", () => {
    const world = withServer("www=web web=10.0.0.2", "nameserver 10.0.0.2\n");

    // The server gives the alias alone, as it asks nobody else for its target.
    expect(world.status("a", "getent ahosts www").status).to.equal(2);
    expect(world.status("a", "getent ahosts web").status).to.equal(0);
  });

  it("gives up when the servers refuse, and says so as the real tools do", () => {
    const world = withServer("web=10.0.0.2", "nameserver 10.0.0.2\n");

    const ping = world.status("a", "ping -c 1 nobody");
    expect(ping.status).to.equal(2);
    expect(ping.err).to.equal("ping: nobody: Temporary failure in name resolution\n");
    const curl = world.status("a", "curl http://nobody/");
    expect(curl.status).to.equal(6);
    expect(curl.err).to.equal("curl: (6) Could not resolve host: nobody\n");
  });

  it("tries the name as it is after a silent server has ended the search", () => {
    const conf = "nameserver 10.0.0.77\nsearch a.test b.test\noptions timeout:1 attempts:1\n";
    const world = withServer("web=10.0.0.2", conf);
    world.run("a", "ip neigh add 10.0.0.77 lladdr 02:00:00:00:00:77 dev eth0");
    const before = world.cpu.now;

    const { status } = world.status("a", "getent ahosts web");
    expect(status).to.equal(2);
    // One second for web.a.test and one for web: b.test's turn never comes.
    expect(Math.floor((world.cpu.now - before) / NS_PER_S)).to.equal(2);
  });

  it("goes on to longer names when the name as it is could not be asked for", () => {
    const conf = "nameserver 10.0.0.2\nsearch a.test\n";
    const world = withServer("--zone a.test web.x.a.test=10.0.0.9", conf);

    expect(world.run("a", "getent ahosts web.x")).to.contain("10.0.0.9");
  });

  it("ends the search at an answer without an address", () => {
    const records = "--zone a.test --zone b.test www.a.test=elsewhere www.b.test=10.0.0.9";
    const world = withServer(records, "nameserver 10.0.0.2\nsearch a.test b.test\n");

    expect(world.status("a", "getent ahosts www").status).to.equal(2);
  });

  it("asks a silent server twice, five seconds each", () => {
    const world = withServer("web=10.0.0.2", "nameserver 10.0.0.77\nnameserver 10.0.0.2\n");
    world.run("a", "ip neigh add 10.0.0.77 lladdr 02:00:00:00:00:77 dev eth0");
    const before = world.cpu.now;

    const { status } = world.status("a", "getent ahosts web");
    expect(status).to.equal(0);
    expect(Math.floor((world.cpu.now - before) / NS_PER_S)).to.equal(5);
  });

  it("asks again over TCP when an answer was cut", () => {
    const records = Array.from({ length: 60 }, (_, index) => `web=10.0.1.${index}`).join(" ");
    const world = withServer(records, "nameserver 10.0.0.2\n");

    const lines = world.run("a", "getent ahostsv4 web").trim().split("\n");
    expect(lines.length).to.equal(180);
  });

  it("takes a port that nobody listens on for no answer", () => {
    const world = withServer("-p 5353 web=10.0.0.2", "nameserver 10.0.0.2\n");
    const before = world.cpu.now;

    expect(world.run("a", "nc -z web 80")).to.contain("Temporary failure in name resolution");
    expect(world.cpu.now - before).to.be.lessThan(NS_PER_S);
  });
});
