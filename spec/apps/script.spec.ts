import { expect } from "chai";
import { parseScript } from "../../lib/apps/script-steps.ts";
import { utf8 } from "../../lib/base/bytes.ts";
import { splitWords } from "../../lib/shell/parse.ts";
import { pair } from "../shell/world.ts";

describe("apps/script", () => {
  it("reads statements that end with a semicolon or a line", () => {
    const steps = parseScript("listen 80; accept\nsend 'a b'; recv; sleep 1.5s;", splitWords);

    expect(steps).to.deep.equal([
      { verb: "listen", port: 80 },
      { verb: "accept" },
      { verb: "send", bytes: utf8("a b") },
      { verb: "recv", count: Number.POSITIVE_INFINITY },
      { verb: "sleep", durationNs: 1_500_000_000 },
    ]);
  });

  it("refuses steps, options and numbers that do not exist", () => {
    const wrong = ["jump", "set nothing 1", "set nodelay on", "listen x", "shutdown all"];
    for (const text of [...wrong, "packet x 10.0.0.2 00", "packet 132 10.0.0.2 1g"]) {
      expect(() => parseScript(text, splitWords), text)
        .to.throw()
        .with.property("code", "VW_COMMAND");
    }
  });

  it("stops at the first step that fails and names it", () => {
    const world = pair();
    const cases: [string, string][] = [
      ["connect 10.0.0.2 1; print", "script: connect: Connection refused\n"],
      ["connect 10.99.0.2 1", "script: connect: Network is unreachable\n"],
      ["bind 10.0.0.2 5", "script: bind: Cannot assign requested address\n"],
      ["send x", "script: send: Broken pipe\n"],
      ["udp; listen 5", "script: listen: Operation not supported\n"],
      ["accept", "script: accept: Invalid argument\n"],
      ["answer x", "script: answer: Operation not supported\n"],
    ];

    for (const [script, err] of cases) {
      expect(world.status("a", `script '${script}'`), script).to.deep.equal({
        status: 1,
        out: "",
        err,
      });
    }
  });

  it("answers datagrams of all who ask, each where it came from", () => {
    const world = pair();
    world.start("b", "script 'udp; bind 0.0.0.0 5353; answer \"it is b\"'");

    for (const port of [4001, 4002]) {
      const ask = `udp; bind 0.0.0.0 ${port}; connect 10.0.0.2 5353; send who; print 7`;
      expect(world.status("a", `script '${ask}'`)).to.deep.equal({
        status: 0,
        out: "it is b",
        err: "",
      });
    }
  });

  it("prints as many bytes as it is told to and resets with linger 0", () => {
    const world = pair();
    world.start("b", "script 'listen 7000; accept; send hello; sleep 1s; set linger 0; close'");

    expect(
      world.status("a", "script 'connect 10.0.0.2 7000; print 3; recv 2; read 1'"),
    ).to.deep.equal({ status: 1, out: "hel", err: "script: read: Connection reset by peer\n" });
  });

  it("sends a packet of any protocol, which a host that has none of it refuses", () => {
    const world = pair();
    const sent = world.status("a", "script 'packet 132 10.0.0.2 1388138a'");

    expect(sent).to.deep.equal({ status: 0, out: "", err: "" });
    const refused = "iptables -A INPUT -p icmp --icmp-type protocol-unreachable";
    world.status("a", refused);
    world.status("a", "script 'packet 132 10.0.0.2 1388138a'; sleep 0.1");
    expect(world.status("a", "iptables -L INPUT -v -n -x").out).to.match(/\n +1 +[0-9]+ +1 /);
  });
});
