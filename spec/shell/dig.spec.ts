/** Texts of dig, host and nslookup of BIND 9.18.49. */
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

describe("shell/commands/bind", () => {
  it("prints the message as dig does", () => {
    const text = world().run("a", "dig web.default.svc.cluster.local");

    expect(text.replace(/id: [0-9]+/, "id: N").replace(/WHEN: .*/, "WHEN: W")).to.equal(
      "\n; <<>> DiG 9.18.49 <<>> web.default.svc.cluster.local\n;; global options: +cmd\n;; Got answer:\n" +
        ";; WARNING: .local is reserved for Multicast DNS\n" +
        ";; You are currently testing what happens when an mDNS query is leaked to DNS\n" +
        ";; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: N\n" +
        ";; flags: qr aa rd; QUERY: 1, ANSWER: 1, AUTHORITY: 0, ADDITIONAL: 0\n" +
        ";; WARNING: recursion requested but not available\n\n" +
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

  it("reads a type in front of the name, and prints the sections that are wanted", () => {
    const made = world();
    const name = "web.default.svc.cluster.local";

    expect(made.run("a", `dig A +noall +answer ${name}`)).to.equal(
      `${name}. 3600 IN\tA\t10.96.0.7\n`,
    );
    expect(made.run("a", `dig @10.0.0.2 +noall +comments ${name} +answer`)).to.match(
      /^;; Got answer:\n(?:;;.*\n)*;; WARNING: recursion requested but not available\n\n;; ANSWER SECTION:\nweb\S+ 3600 IN\tA\t10.96.0.7\n\n$/,
    );
    expect(made.run("a", `dig @10.0.0.2 +nocomments +nostats ${name}`)).to.contain(
      "\n; (1 server found)\n;; global options: +cmd\n",
    );
    expect(made.run("a", "dig SRV _http._tcp.web.default.svc.cluster.local")).to.contain(
      "\n;_http._tcp.web.default.svc.cluster.local. IN SRV\n",
    );
  });

  it("says what nslookup heard of each name that it tried", () => {
    const made = world();
    const heard = ";; Got recursion not available from 10.0.0.2\n";
    const server = "Server:\t\t10.0.0.2\nAddress:\t10.0.0.2#53\n\n";
    const found = "Name:\tweb.default.svc.cluster.local\nAddress: 10.96.0.7\n";

    expect(made.run("a", "nslookup web")).to.equal(`${heard}${server}${found}${heard}\n`);
    expect(made.run("a", "nslookup web 10.0.0.2")).to.equal(`${server}${found}\n`);
    expect(made.status("a", "nslookup -type=a nope.svc.cluster.local")).to.deep.include({
      status: 1,
      out: `${heard.repeat(3)}${server}** server can't find nope.svc.cluster.local.svc.cluster.local: NXDOMAIN\n\n`,
    });
    expect(made.run("a", "nslookup -type=srv web")).to.equal(
      `${heard}${server}*** Can't find web: No answer\n\n`,
    );
  });

  it("says three times that a server is silent", () => {
    const lines = ";; communications error to 10.0.0.2#53: timed out\n".repeat(3);
    const made = world();
    made.run("b", "iptables -A INPUT -p udp -j DROP");

    expect(made.status("a", "nslookup web 10.0.0.2")).to.deep.include({
      status: 1,
      out: `${lines};; no servers could be reached\n\n`,
    });
  });
});
