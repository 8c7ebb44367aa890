import { expect } from "chai";
import { NS_PER_S } from "../../lib/base/units.ts";
import { pair, type World } from "./world.ts";

/** `a` is the client, `b` the proxy and, at other ports, its backends. */
function proxied(targets: string): World {
  const world = pair();
  world.start("b", `http-proxy ${targets}`);
  return world;
}

const STATUS = "-s -o page -w '%{http_code}\\n'";

describe("apps/http-proxy", () => {
  it("tells the backend who asked, and of whom", () => {
    const world = proxied("-p 80 -t 10.0.0.2:8080");
    const backend = world.start(
      "b",
      "script 'listen 8080; accept; print; send \"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok\"'",
    );

    expect(
      world.run("a", "curl -s -m 5 -H 'X-Forwarded-For: 6.6.6.6' http://10.0.0.2/x?y=1"),
    ).to.equal("");
    world.finish(backend);
    const lines = backend.out.split("\r\n");
    expect(lines[2]).to.match(/^X-Request-ID: [0-9a-f]{32}$/);
    lines.splice(2, 1);
    expect(lines).to.deep.equal([
      "GET /x?y=1 HTTP/1.1",
      "Host: 10.0.0.2",
      "X-Real-IP: 10.0.0.1",
      "X-Forwarded-For: 10.0.0.1",
      "X-Forwarded-Host: 10.0.0.2",
      "X-Forwarded-Port: 80",
      "X-Forwarded-Proto: http",
      "X-Forwarded-Scheme: http",
      "X-Scheme: http",
      "X-Original-Forwarded-For: 6.6.6.6",
      "User-Agent: curl/7.88.1",
      "Accept: */*",
      "",
      "",
    ]);
  });

  it("passes answers on and goes round its endpoints", () => {
    const world = proxied("-t 10.0.0.2:8081 -t 10.0.0.2:8082");
    world.start("b", "http-server -p 8081 -b one -k");
    world.start("b", "http-server -p 8082 -b two -k");

    const bodies = [1, 2, 3].map(() => world.run("a", "curl -s http://10.0.0.2/"));
    expect(bodies).to.deep.equal(["one", "two", "one"]);
  });

  it("closes a kept connection as soon as the backend does, or after a minute", () => {
    const world = proxied("-t 10.0.0.2:8081");
    const answer = "HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok";
    world.start("b", `printf '${answer}' | timeout 1 nc -l 8081`);

    expect(world.run("a", "curl -s http://10.0.0.2/")).to.equal("ok");
    expect(world.run("b", "ss -tan state established")).to.contain("8081");
    world.run("a", "sleep 1.1");
    expect(world.run("b", "ss -tan state close-wait")).to.not.contain("8081");
    expect(world.run("b", "ss -tan state time-wait")).to.contain("8081");

    const idle = proxied("-t 10.0.0.2:8082");
    idle.start("b", "http-server -p 8082 -k");
    idle.run("a", "curl -s http://10.0.0.2/");
    expect(idle.run("b", "ss -tan state established")).to.contain("8082");
    idle.run("a", "sleep 61");
    expect(idle.run("b", "ss -tan state established")).to.not.contain("8082");
  });

  it("answers 404 without a rule and 503 without an endpoint", () => {
    const world = proxied("-t web.test/none=");

    expect(world.run("a", `curl ${STATUS} http://10.0.0.2/`)).to.equal("404\n");
    expect(world.run("a", `curl ${STATUS} -H 'Host: web.test:80' http://10.0.0.2/none`)).to.equal(
      "503\n",
    );
    expect(world.run("a", "curl -s http://10.0.0.2/")).to.contain("<h1>404 Not Found</h1>");
  });

  it("answers 502 where nobody listens, and takes the next endpoint before", () => {
    const dead = proxied("-t 10.0.0.2:8081");
    expect(dead.run("a", `curl ${STATUS} http://10.0.0.2/`)).to.equal("502\n");

    const half = proxied("-t 10.0.0.2:8081 -t 10.0.0.2:8082");
    half.start("b", "http-server -p 8082 -b two");
    expect(half.run("a", "curl -s http://10.0.0.2/")).to.equal("two");
  });

  it("answers 504 after the read timeout of a POST, which is not sent twice", () => {
    const world = proxied("-t 10.0.0.2:8081");
    world.start("b", "nc -l -k -d 8081");
    const before = world.cpu.now;

    expect(world.run("a", `curl ${STATUS} -d x http://10.0.0.2/`)).to.equal("504\n");
    expect(Math.floor((world.cpu.now - before) / NS_PER_S)).to.equal(60);
  });
});
