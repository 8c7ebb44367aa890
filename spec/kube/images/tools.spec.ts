/** Texts of busybox 1.35.0. */
import { expect } from "chai";
import { contextOf } from "../../../lib/kube/images/catalogue.ts";
import { Running, run } from "./world.ts";

describe("kube/images/tools", () => {
  it("asks as busybox's wget does", () => {
    const box = run({ image: "busybox", args: ["sleep", "infinity"] });
    box.world.start("a", "nc -l 8000 > /request");
    const command = ["sh", "-c", "wget -q -O- --header 'A: b' --post-data x=1 10.0.0.1:8000"];
    const asking = new Running(box.world, {
      image: "busybox",
      command,
    });
    asking.pass(1);

    expect(Buffer.from(box.world.host("a").files.read("/request") ?? []).toString()).to.equal(
      "POST / HTTP/1.1\r\nHost: 10.0.0.1:8000\r\nUser-Agent: Wget\r\nConnection: close\r\nA: b\r\n" +
        "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 3\r\n\r\nx=1",
    );
  });

  it("prints what wget says, and its errors", () => {
    const script = "wget -O- http://10.0.0.1:8080/; wget -q -O- http://10.0.0.1:81/; echo $?";
    const box = run({ image: "busybox:1.36", command: ["sh", "-c", `sleep 1; ${script}`] });
    box.world.start("a", "http-server --port 8080 --body 'ok\n'");
    box.pass(2);

    expect(box.output).to.equal(
      "Connecting to 10.0.0.1:8080 (10.0.0.1:8080)\nwriting to stdout\nok\n" +
        "-                    100% |********************************|     3  0:00:00 ETA\nwritten to stdout\n" +
        "wget: can't connect to remote host (10.0.0.1): Connection refused\n1\n",
    );
  });

  it("serves files as busybox's httpd does", () => {
    const box = run({
      image: "busybox",
      command: ["sh", "-c", "mkdir /www; echo hello > /www/index.html; httpd -f -p 8085 -h /www"],
    });
    const ask = (path: string): string =>
      box.ask(`printf 'GET ${path} HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n' | nc -N 10.0.0.2 8085`);
    const date = /(?:Date|Last-Modified): [^\r]*\r\n|ETag: "[0-9a-f]+-|\r/g;

    expect(ask("/").replace(date, "")).to.equal(
      'HTTP/1.1 200 OK\nConnection: close\nContent-type: text/html\nAccept-Ranges: bytes\n6"\nContent-Length: 6\n\nhello\n',
    );
    expect(ask("/nope").replace(date, "")).to.equal(
      "HTTP/1.1 404 Not Found\nConnection: close\nContent-type: text/html\n\n" +
        "<HTML><HEAD><TITLE>404 Not Found</TITLE></HEAD>\n<BODY><H1>404 Not Found</H1>\n" +
        "The requested URL was not found\n</BODY></HTML>\n",
    );
  });

  it("looks up names with nslookup: each of the search list, A and AAAA", () => {
    const box = run({ image: "busybox", command: ["sh", "-c", "sleep 1; nslookup web; echo $?"] });
    const conf = "search default.test test\nnameserver 10.0.0.1\noptions ndots:5\n";
    box.container.host.files.write("/etc/resolv.conf", new TextEncoder().encode(conf));
    box.world.start("a", "dns-server --zone test web.default.test=10.96.0.7");
    box.pass(10);

    expect(box.output).to.equal(
      "Server:\t\t10.0.0.1\nAddress:\t10.0.0.1:53\n\nName:\tweb.default.test\nAddress: 10.96.0.7\n\n" +
        "** server can't find web.test: NXDOMAIN\n\n\n** server can't find web.test: NXDOMAIN\n\n1\n",
    );
  });

  it("searches for names with the nslookup of old busyboxes, and names addresses", () => {
    const command = ["sh", "-c", "sleep 1; nslookup web.default; nslookup nope; echo $?"];
    const box = run({ image: "busybox:1.28", command });
    const conf = "search svc.test test\nnameserver 10.0.0.1\noptions ndots:5\n";
    box.container.host.files.write("/etc/resolv.conf", new TextEncoder().encode(conf));
    const names = "7.0.96.10.in-addr.arpa=web.default.test 1.0.0.10.in-addr.arpa=dns.test";
    box.world.start(
      "a",
      `dns-server --zone test --zone in-addr.arpa --zone nope web.default.test=10.96.0.7 ${names}`,
    );
    box.pass(10);

    expect(box.output).to.equal(
      "Server:    10.0.0.1\nAddress 1: 10.0.0.1 dns.test\n\n" +
        "Name:      web.default\nAddress 1: 10.96.0.7 web.default.test\n" +
        "Server:    10.0.0.1\nAddress 1: 10.0.0.1 dns.test\n\n" +
        "nslookup: can't resolve 'nope'\n1\n",
    );
  });

  it("prints the image's variables, the container's, and HOME at last", () => {
    expect(run({ image: "busybox", args: ["env"], env: { A: "b" } }).output).to.equal(
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\nHOSTNAME=web-1\nA=b\nHOME=/root\n",
    );
    expect(run({ image: "busybox", args: ["env"], env: { HOME: "/" } }).output).to.match(
      /HOSTNAME=web-1\nHOME=\/\n$/,
    );
  });

  it("gives the environment and the Pod's name to scripts", () => {
    const command = ["sh", "-c", 'echo $HOSTNAME $(hostname) $A "$@"', "sh", "x"];
    const box = run({ image: "alpine:3.20", command, env: { A: "b" } });

    expect([box.status, box.output]).to.deep.equal([0, "web-1 web-1 b x\n"]);
  });

  it("says 127 for what is not in the image", () => {
    const box = run({ image: "busybox", command: ["sh", "-c", "curl x"] });

    expect([box.status, box.output]).to.deep.equal([127, "sh: curl: not found\n"]);
    expect(run({ image: "ubuntu", command: ["ping", "x"] }).status).to.equal(127);
  });

  it("has the tools of what an image was built from", () => {
    const has = (image: string, tool: string): boolean =>
      contextOf(run({ image, command: [tool] }).container).commands.find(tool) !== null;

    expect(["curl", "wget"].map((tool) => has("nginx:1.27", tool))).to.deep.equal([true, false]);
    expect(["curl", "wget"].map((tool) => has("nginx:alpine", tool))).to.deep.equal([true, true]);
    expect(["curl", "dig", "sh"].map((tool) => has("agnhost", tool))).to.deep.equal([
      true,
      true,
      true,
    ]);
    expect(has("registry.k8s.io/pause:3.9", "sh")).to.equal(false);
  });

  it("ignores SIGTERM in a shell without a trap, and runs a trap", () => {
    const loop = "while true; do sleep 1; done";
    const deaf = run({ image: "busybox", command: ["sh", "-c", loop] });
    const trapped = run({ image: "busybox", command: ["sh", "-c", `trap 'exit 4' TERM; ${loop}`] });
    for (const box of [deaf, trapped]) {
      box.terminate();
      box.pass(5);
    }

    expect([deaf.status, trapped.status]).to.deep.equal([null, 4]);
  });

  it("hands the shell's signals to what exec starts", () => {
    const script = "true; exec nginx -g 'daemon off;'";
    const replaced = run({ image: "nginx", command: ["sh", "-c", script] });
    const child = run({ image: "nginx", command: ["sh", "-c", "nginx -g 'daemon off;'"] });
    for (const web of [replaced, child]) {
      web.terminate();
      web.pass(5);
    }

    expect([replaced.status, child.status]).to.deep.equal([0, null]);
  });
});
