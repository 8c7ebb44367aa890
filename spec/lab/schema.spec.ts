import { readFileSync, writeFileSync } from "node:fs";
import { expect } from "chai";
import { VethworkError } from "../../lib/base/errors.ts";
import type { Lab } from "../../lib/lab/lab.ts";
import { labJsonSchema, parseLab } from "../../lib/lab/schema.ts";

const HEAD = "name: x\ntopology:\n  nodes: { h1: {}, h2: , sw: {} }\n";

/** The message of the error that a lab's text raises. */
function errorOf(text: string): string {
  try {
    parseLab(text, "lab.yaml");
  } catch (error) {
    if (error instanceof VethworkError) return error.message;
    throw error;
  }
  throw new Error("the lab was accepted");
}

function lab(rest: string): Lab {
  return parseLab(HEAD + rest, "lab.yaml");
}

function errorIn(rest: string): string {
  return errorOf(HEAD + rest);
}

describe("lab/schema", () => {
  it("reads the smallest lab with its defaults", () => {
    const read = lab("");

    expect(read.seed).to.equal(1);
    expect(read.topology?.nodes.map(({ name }) => name)).to.deep.equal(["h1", "h2", "sw"]);
    expect(read.capture.devices).to.equal("all");
    expect(read.epochSeconds).to.equal(Number(new Date("2026-01-01T00:00:00Z")) / 1000);
    expect(read.costs).to.deep.equal({
      hopNs: 2_000,
      syscallNs: 4_000,
      wakeupNs: 40_000,
      startNs: 10_000_000,
    });
  });

  it("reads links in both forms of endpoints", () => {
    const read = lab(
      '  links:\n    - { endpoints: ["h1:eth0", { node: sw, device: p1, mac: 02:00:0a:f4:01:02 }], mtu: 9000 }\n',
    );

    const link = read.topology?.links[0];
    expect(link?.type).to.equal("veth");
    expect(link?.mtu).to.equal(9000);
    expect(link?.ends[0]).to.include({ node: "h1", device: "eth0", mac: null });
    expect(link?.ends[1]).to.include({ node: "sw", device: "p1", mac: 0x02000af40102 });
    expect(link?.lines).to.deep.equal([null, null]);
  });

  it("reads netem's words and exact faults for each direction", () => {
    const read = lab(`  links:
    - endpoints: ["h1:eth0", "h2:eth0"]
      type: cable
      delay: 10ms
      jitter: { time: 2ms, correlation: 25% }
      rate: 10Mbit
      limit: 50
      reorder: 25%
      from:
        h2:eth0: { loss: { frames: [3, 5] }, delay: { time: 1ms, frames: { 2: 30ms } }, corrupt: { frames: { 4: 400 } } }
`);

    const [there, back] = read.topology?.links[0]?.lines ?? [];
    expect(there).to.deep.include({
      delayNs: 10_000_000,
      jitterNs: 2_000_000,
      jitterCorrelation: 0.25,
      rateBps: 10_000_000,
      limit: 50,
      gap: 1,
      reorder: { share: 0.25, correlation: 0 },
    });
    expect(back?.delayNs).to.equal(1_000_000);
    expect(back?.rateBps).to.equal(0);
    expect([...(back?.exact.drop ?? [])]).to.deep.equal([3, 5]);
    expect([...(back?.exact.delay ?? [])]).to.deep.equal([[2, 30_000_000]]);
    expect([...(back?.exact.corrupt ?? [])]).to.deep.equal([[4, 400]]);
  });

  it("reads every kind of step", () => {
    const read = lab(`processes:
  - { name: web, on: h2, run: http-server 8080 }
steps:
  - { on: h1, run: ping -c 1 10.0.0.2, prints: x, exit: 0 }
  - { on: h1, run: nc -l 80, background: true, name: listener }
  - { wait: 2s }
  - { down: "h1:eth0" }
  - { up: "h1:eth0" }
  - parallel:
      - { on: h1, run: curl a }
      - { on: h2, run: curl b }
  - { kill: web, signal: KILL }
  - { kill: listener }
expect:
  - { on: h1, run: ip addr, matches: "inet 10\\\\.0" }
  - { on: h1, run: "true" }
  - { frames: tcp, on: h1/eth0, count: 3 }
  - { frames: arp, on: [h1/eth0, h2/eth0], count: { atMost: 4 } }
`);

    expect(read.steps.map(({ kind }) => kind)).to.deep.equal([
      "run",
      "run",
      "wait",
      "link",
      "link",
      "parallel",
      "kill",
      "kill",
    ]);
    expect(read.steps[6]).to.include({ signal: 9 });
    expect(read.steps[7]).to.include({ signal: 15 });
    expect(read.expectations[1]).to.have.nested.property("step.check.exit", 0);
    expect(read.expectations[0]).to.have.nested.property("step.check.exit", null);
    expect(read.expectations[2]).to.include({ atLeast: 3, atMost: 3 });
    expect(read.expectations[3]).to.include({ atLeast: 0, atMost: 4 });
  });

  it("reads a cluster with kind's defaults", () => {
    const read = parseLab(
      "name: x\ncluster: { nodes: [{ name: node1 }], manifests: [web.yaml] }\nsteps: [{ on: pod/client, run: curl a }]\n",
      "lab.yaml",
    );

    expect(read.cluster?.networking.kubeProxyMode).to.equal("iptables");
    expect(read.cluster?.networking.podSubnet.prefixLength).to.equal(16);
  });

  it("shares what anchors and merge keys name, however often", () => {
    const read = lab(`  links:
    - &slow { endpoints: ["h1:a", "sw:a"], delay: 5ms, mtu: 1400 }
    - { <<: *slow, endpoints: ["h2:b", "sw:b"] }
`);

    expect(read.topology?.links[1]?.mtu).to.equal(1400);
    expect(read.topology?.links[1]?.lines[0]?.delayNs).to.equal(5_000_000);
  });

  it("refuses an unknown key at the key", () => {
    expect(errorOf("name: x\nsede: 3\n")).to.match(
      /^lab\.yaml:2:1: unknown key "sede" in a lab \(allowed: name, description, seed, /,
    );
    expect(errorIn('  links:\n    - { endpoints: ["h1:a", "h2:a"], los: 1% }\n')).to.match(
      /^lab\.yaml:5:38: unknown key "los" in a link \(allowed: endpoints, type, /,
    );
  });

  const refused: [string, string, string][] = [
    ["a wrong type", "seed: one\n", 'lab.yaml:4:7: "one" where a whole number from 0 belongs'],
    [
      "a number as text",
      "description: 12\n",
      'lab.yaml:4:14: 12 (a number) where text belongs (write "12" in quotes if it is meant)',
    ],
    [
      "a list as a mapping",
      "steps: { wait: 1s }\n",
      "lab.yaml:4:8: a mapping where a list belongs",
    ],
    [
      "a bad duration",
      "steps:\n  - { wait: 10 parsecs }\n",
      'lab.yaml:5:13: "10 parsecs" is not a duration (for example 50us, 10ms, 1.5s)',
    ],
    [
      "a duration without a unit",
      "steps: [{ wait: 5 }]\n",
      'lab.yaml:4:17: "5" is not a duration (for example 50us, 10ms, 1.5s)',
    ],
    [
      "a bad rate",
      '  links: [{ endpoints: ["h1:a", "h2:a"], rate: fast }]\n',
      'lab.yaml:4:48: "fast" is not a rate (for example 10Mbit, 1Gbit)',
    ],
    [
      "a share above all",
      '  links: [{ endpoints: ["h1:a", "h2:a"], loss: 101% }]\n',
      'lab.yaml:4:48: "101%" is not a percentage (for example 0.5%, 100%)',
    ],
    [
      "a link to a node that does not exist",
      '  links:\n    - endpoints: ["h1:eth0", "h9:eth0"]\n',
      'lab.yaml:5:30: there is no node "h9" (nodes: h1, h2, sw)',
    ],
    [
      "a device with two links",
      '  links:\n    - endpoints: ["h1:a", "h2:a"]\n    - endpoints: ["sw:b", "h1:a"]\n',
      'lab.yaml:6:27: "h1:a" is the end of a second link (the first is at line 5)',
    ],
    [
      "a link with one end",
      '  links: [{ endpoints: ["h1:a"] }]\n',
      "lab.yaml:4:24: a list of 1 where a list of 2 values belongs",
    ],
    [
      "an end without a device",
      '  links: [{ endpoints: ["h1:a", "h2"] }]\n',
      'lab.yaml:4:33: "h2" where an end such as "h1:eth0" belongs',
    ],
    [
      "a group address as MAC",
      '  links: [{ endpoints: [{ node: h1, device: a, mac: 03:00:00:00:00:01 }, "h2:a"] }]\n',
      'lab.yaml:4:53: "03:00:00:00:00:01" is not an address of one device (the first octet is even, as in 02:00:00:00:00:01)',
    ],
    [
      "a direction from elsewhere",
      '  links: [{ endpoints: ["h1:a", "h2:a"], from: { "sw:a": { loss: 1% } } }]\n',
      'lab.yaml:4:50: "sw:a" is no end of this link (one of h1:a, h2:a)',
    ],
    [
      "setup of a node that does not exist",
      "  setup:\n    h3: [ip link]\n",
      'lab.yaml:5:5: there is no node "h3" (nodes: h1, h2, sw)',
    ],
    [
      "a step on a node that does not exist",
      "steps:\n  - on: h3\n    run: ip link\n",
      'lab.yaml:5:9: there is no node "h3" (nodes: h1, h2, sw)',
    ],
    [
      "a step of two kinds",
      'steps: [{ wait: 1s, down: "h1:a" }]\n',
      'lab.yaml:4:21: "down" beside "wait" in one entry (a step has one of run, wait, down, up, parallel, kill, apply, delete, scale, drain, kubectl)',
    ],
    [
      "a step that says nothing",
      "steps: [{ on: h1 }]\n",
      "lab.yaml:4:9: a step with the keys on says nothing (with one of the keys run, wait, down, up, parallel, kill, apply, delete, scale, drain, kubectl)",
    ],
    [
      "a command without a host",
      "steps:\n  - run: ip link\n",
      'lab.yaml:5:5: a command has no "on" (on: a node\'s name, pod/NAME, or deployment/NAME)',
    ],
    [
      "the end of an unknown program",
      "steps: [{ kill: web }]\n",
      'lab.yaml:4:17: no program "web" has been started (processes or steps with background: true and a name)',
    ],
    [
      "a bad regular expression",
      'expect: [{ on: h1, run: ip link, matches: "(" }]\n',
      'lab.yaml:4:43: "(" is not a regular expression (unterminated group)',
    ],
    [
      "a time that does not exist",
      "epoch: 2026-02-29T00:00:00Z\n",
      'lab.yaml:4:8: "2026-02-29T00:00:00Z" is not a time from 1970 to 2096 (for example 2026-01-01T00:00:00Z)',
    ],
    [
      "a capture on a node that does not exist",
      "capture: [h7/eth0]\n",
      'lab.yaml:4:11: there is no node "h7" (nodes: h1, h2, sw)',
    ],
    ["a duplicate key", "seed: 1\nseed: 2\n", "lab.yaml:5:1: map keys must be unique"],
    ["an alias without an anchor", "seed: *missing\n", "lab.yaml:4:7: no anchor &missing above"],
    [
      "an alias inside its own anchor",
      "steps: &a [*a]\n",
      "lab.yaml:4:12: an alias stands inside its own anchor",
    ],
    [
      "a tab as indentation",
      "steps:\n\t- 1\n",
      "lab.yaml:5:1: tabs are not allowed as indentation",
    ],
    [
      "a second document",
      "---\nname: y\n",
      "lab.yaml:5:1: a second document begins (one YAML document)",
    ],
  ];
  for (const [what, text, message] of refused) {
    it(`refuses ${what} with its place`, () => {
      expect(errorIn(text)).to.equal(message);
    });
  }

  it("refuses a network with host bits and names the one that was meant", () => {
    const text =
      "name: x\ncluster:\n  networking:\n    podSubnet: 10.244.0.1/16\n  nodes: [{ name: a }]\n";

    expect(errorOf(text)).to.equal(
      'lab.yaml:4:16: "10.244.0.1/16" has host bits set (the network is 10.244.0.0/16)',
    );
  });

  it("refuses an empty file, a lab without a name and one without a network", () => {
    expect(errorOf("# nothing\n")).to.equal("lab.yaml:1:1: the file is empty");
    expect(errorOf("seed: 1\n")).to.equal(
      'lab.yaml:1:1: a lab has no "name" (name: a name of letters, digits, - _ .)',
    );
    expect(errorOf("name: x\n")).to.equal(
      "lab.yaml:1:1: the lab has no network (topology: or cluster:)",
    );
  });

  it("writes every error as one line", () => {
    for (const text of [
      "a: [1\n",
      "a: 'x",
      "a: b: c\n",
      "name: !!foo 1\n",
      "- 1\n",
      "{",
      "\u0000",
    ]) {
      const message = errorOf(text);
      expect(message, text).to.match(/^lab\.yaml:\d+:\d+: [^\n]+$/);
    }
  });

  it("agrees with the JSON Schema that editors are given", () => {
    const file = new URL("../../../lib/lab/lab.schema.json", import.meta.url);
    const schema = `${JSON.stringify(labJsonSchema(), null, 2)}\n`;

    if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(file, schema);

    expect(readFileSync(file, "utf8")).to.equal(schema);
  });
});
