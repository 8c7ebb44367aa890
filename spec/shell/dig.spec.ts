/** Texts of dig and host of BIND 9.18.49. */
import { expect } from "chai";
import { pair, type World } from "./world.ts";

/** Host `a` asks `b`, which knows one name. */
function world(): World {
  const made = pair();
  const name = "web.default.svc.cluster.local";
  made.start("b", `dns-server --zone cluster.local --zone nosuch ${name}=10.96.0.7`);
  const conf = "search default.svc.cluster.local svc.cluster.local\nnameserver 10.0.0.2\n";
  made.host("a").files.write("/etc/resolv.conf", new TextEncoder().encode(conf));
  return made;
}

describe("shell/commands/dig", () => {
  it("prints the message as dig does", () => {
    const text = world().run("a", "dig web.default.svc.cluster.local");

    expect(text.replace(/id: [0-9]+/, "id: N").replace(/WHEN: .*/, "WHEN: W")).to.equal(
      "\n; <<>> DiG 9.18.49 <<>> web.default.svc.cluster.local\n;; global options: +cmd\n;; Got answer:\n" +
        ";; WARNING: .local is reserved for Multicast DNS\n" +
        ";; You are currently testing what happens when an mDNS query is leaked to DNS\n" +
        ";; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: N\n" +
        ";; flags: qr aa rd; QUERY: 1, ANSWER: 1, AUTHORITY: 0, ADDITIONAL: 0\n\n" +
        ";; QUESTION SECTION:\n;web.default.svc.cluster.local.\tIN\tA\n\n" +
        ";; ANSWER SECTION:\nweb.default.svc.cluster.local. 3600 IN\tA\t10.96.0.7\n\n" +
        ";; Query time: 0 msec\n;; SERVER: 10.0.0.2#53(10.0.0.2) (UDP)\n;; WHEN: W\n;; MSG SIZE  rcvd: 92\n\n",
    );
  });

  it("searches if it is told to, and prints short answers", () => {
    const made = world();

    expect(made.run("a", "dig +short web")).to.equal("");
    expect(made.run("a", "dig +short +search web")).to.equal("10.96.0.7\n");
    expect(made.run("a", "dig a.nosuch")).to.contain("status: NXDOMAIN");
    expect(made.run("a", "dig a.nosuch")).to.contain("\n;a.nosuch.\t\t\tIN\tA\n");
  });

  it("finds hosts by the search list", () => {
    const made = world();

    expect(made.run("a", "host web")).to.equal(
      "web.default.svc.cluster.local has address 10.96.0.7\n",
    );
    expect(made.status("a", "host a.nosuch")).to.deep.include({
      status: 1,
      out: "Host a.nosuch not found: 3(NXDOMAIN)\n",
    });
  });
});
