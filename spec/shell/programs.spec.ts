/** Texts and exit statuses are those of iputils 20221126, curl 7.88.1 and netcat-openbsd 1.219. */
import { expect } from "chai";
import { checkCommand } from "../../lib/shell/shell.ts";
import { pair } from "./world.ts";

describe("shell/programs", () => {
  it("pings: lines, statistics, errors about a silent neighbour", () => {
    const world = pair();

    expect(
      world.run("a", "ping -c 1 10.0.0.2").replace(/[0-9.]+ ms|[0-9./]{19,} ms/g, "T ms"),
    ).to.match(
      /^PING 10\.0\.0\.2 \(10\.0\.0\.2\) 56\(84\) bytes of data\.\n64 bytes from 10\.0\.0\.2: icmp_seq=1 ttl=64 time=T ms\n\n--- 10\.0\.0\.2 ping statistics ---\n1 packets transmitted, 1 received, 0% packet loss, time 0ms\nrtt min\/avg\/max\/mdev = /,
    );
    expect(world.status("a", "ping -c 1 10.0.0.9")).to.deep.equal({
      status: 1,
      out:
        "PING 10.0.0.9 (10.0.0.9) 56(84) bytes of data.\nFrom 10.0.0.1 icmp_seq=1 Destination Host Unreachable\n\n" +
        "--- 10.0.0.9 ping statistics ---\n1 packets transmitted, 0 received, +1 errors, 100% packet loss, time 0ms\n\n",
      err: "",
    });
    expect(world.status("a", "ping -c1 10.9.0.9")).to.deep.equal({
      status: 2,
      out: "",
      err: "ping: connect: Network is unreachable\n",
    });
    expect(world.status("a", "ping -c1 -M do -s 1500 10.0.0.2").err).to.equal(
      "ping: local error: message too long, mtu=1500\n",
    );
  });

  it("curls: body, verbose lines, one connection for several URLs", () => {
    const world = pair();
    world.start("b", "http-server --port 8080 --body 'hello from web\n'");
    world.start("b", "http-server --port 8081 --keep-alive --body abc");

    expect(world.run("a", "curl -s http://10.0.0.2:8080/")).to.equal("hello from web\n");
    expect(
      world.status("a", "curl -sv http://10.0.0.2:8081/a http://10.0.0.2:8081/b").err,
    ).to.equal(
      "*   Trying 10.0.0.2:8081...\n* Connected to 10.0.0.2 (10.0.0.2) port 8081 (#0)\n" +
        "> GET /a HTTP/1.1\n> Host: 10.0.0.2:8081\n> User-Agent: curl/7.88.1\n> Accept: */*\n> \n" +
        "< HTTP/1.1 200 OK\n< Content-Length: 3\n< \n{ [3 bytes data]\n" +
        "* Connection #0 to host 10.0.0.2 left intact\n* Found bundle for host: 0x5581 [serially]\n" +
        "* Can not multiplex, even if we wanted to\n* Re-using existing connection #0 with host 10.0.0.2\n" +
        "> GET /b HTTP/1.1\n> Host: 10.0.0.2:8081\n> User-Agent: curl/7.88.1\n> Accept: */*\n> \n" +
        "< HTTP/1.1 200 OK\n< Content-Length: 3\n< \n{ [3 bytes data]\n" +
        "* Connection #0 to host 10.0.0.2 left intact\n",
    );
  });

  it("curl fails with curl's codes and messages", () => {
    const world = pair();
    world.start("b", "script 'listen 7003; accept; read 1000; close'");
    world.start("b", "script 'listen 7004; accept; read 1000; set linger 0; close'");
    world.start("b", "nc -l 7005");
    const cases: [string, number, string][] = [
      [
        "10.0.0.2:81",
        7,
        "Failed to connect to 10.0.0.2 port 81 after 0 ms: Couldn't connect to server",
      ],
      ["10.0.0.2:7003", 52, "Empty reply from server"],
      ["10.0.0.2:7004", 56, "Recv failure: Connection reset by peer"],
      [
        "-m 1 10.0.0.2:7005",
        28,
        "Operation timed out after 1000 milliseconds with 0 bytes received",
      ],
      ["nosuch.host", 6, "Could not resolve host: nosuch.host"],
    ];

    for (const [args, status, message] of cases) {
      const outcome = world.status("a", `curl -sS ${args}`);
      expect(outcome, args).to.deep.equal({
        status,
        out: "",
        err: `curl: (${status}) ${message}\n`,
      });
    }
  });

  it("copies files over nc, also more than a buffer, and scans ports", () => {
    const world = pair();
    world.start("b", "nc -l -k 9000 > got");

    world.run("a", "head -c 100000 /dev/zero | nc -N 10.0.0.2 9000");

    expect(world.run("b", "wc -c got")).to.equal("100000 got\n");
    expect(world.status("a", "nc -zv 10.0.0.2 81")).to.deep.equal({
      status: 1,
      out: "",
      err: "nc: connect to 10.0.0.2 port 81 (tcp) failed: Connection refused\n",
    });
    expect(world.status("a", "nc -zv 10.0.0.2 9000").err).to.equal(
      "Connection to 10.0.0.2 9000 port [tcp/*] succeeded!\n",
    );
  });

  it("runs the commands of a pipe at the same time", () => {
    const world = pair();
    world.start("b", "nc -l 9000 > got");
    const started = world.cpu.now;

    world.run("a", "sleep 2 | nc -N 10.0.0.2 9000");

    expect(world.run("a", "true")).to.equal("");
    expect(world.cpu.now - started).to.be.within(2e9, 2.5e9);
  });

  it("steps through a script", () => {
    const world = pair();
    world.start("b", "script 'listen 7000; accept; echo'");

    expect(world.run("a", "script 'connect 10.0.0.2 7000; send one; print 3; close'")).to.equal(
      "one",
    );
    expect(world.status("a", "script 'connect 10.0.0.2 1'")).to.deep.equal({
      status: 1,
      out: "",
      err: "script: connect: Connection refused\n",
    });
  });

  it("says before a run what does not exist here, and leaves refusals to the run", () => {
    for (const line of ["frobnicate", "ip tunnel add", "curl --http3 x", "ping -r 10.0.0.1"]) {
      expect(() => checkCommand(line), line)
        .to.throw()
        .with.property("code", "VW_COMMAND");
    }
    expect(() => checkCommand("ip addr add && nc 10.0.0.1")).not.to.throw();
  });

  it("lists rules as iptables does", () => {
    const world = pair();
    world.run(
      "a",
      "iptables -t nat -A OUTPUT -d 10.96.0.1 -p tcp --dport 80 -j DNAT --to-destination 10.0.0.2:8080",
    );

    expect(world.run("a", "iptables -t nat -L OUTPUT -n")).to.equal(
      "Chain OUTPUT (policy ACCEPT)\ntarget     prot opt source               destination         \n" +
        "DNAT       6    --  0.0.0.0/0            10.96.0.1            tcp dpt:80 to:10.0.0.2:8080\n",
    );
    expect(world.run("a", "iptables -L INPUT -n -v")).to.equal(
      "Chain INPUT (policy ACCEPT 0 packets, 0 bytes)\n" +
        " pkts bytes target     prot opt in     out     source               destination         \n",
    );
  });

  // As between namespaces of a 6.18 kernel, with the servers' counterparts that have threads.
  it("ends a server's connections with the server", () => {
    const world = pair();
    world.start("b", "timeout 3 http-server --port 8080 --keep-alive");
    const request = "printf 'GET / HTTP/1.1\\r\\nHost: b\\r\\n\\r\\n'";

    const { status } = world.status("a", `${request} | timeout 6 nc 10.0.0.2 8080`);

    expect(status).to.equal(0);
    expect(world.run("b", "ss -Htn state established")).to.equal("");
  });
});
