import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { Command } from "commander";
import { VethworkError } from "../../../lib/base/errors.ts";
import { Scheduler } from "../../../lib/sim/scheduler.ts";
import { addRulesCommand, rulesText } from "../../../tools/commands/rules.ts";
import { NodeHost, readSetup } from "../../../tools/rules/node-host.ts";

const WEB = `apiVersion: v1
kind: Service
metadata: {name: web}
spec: {clusterIP: 10.96.0.10, ports: [{port: 80}]}
`;
const NODE = `apiVersion: v1
kind: Node
metadata: {name: node1}
status: {addresses: [{type: InternalIP, address: 172.18.0.2}]}
`;
const SLICE = `apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: web-a, labels: {kubernetes.io/service-name: web}}
addressType: IPv4
ports: [{port: 8080}]
endpoints: [{addresses: [10.244.1.5], nodeName: node1}]
`;

describe("tools/commands/rules", () => {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "rules-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function file(name: string, text: string): string {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  }

  function rules(options: Partial<Parameters<typeof rulesText>[0]>, notes: string[] = []): string {
    const objects = [file("objects.yaml", `${WEB}---\n${NODE}`)];
    return rulesText({ objects, format: "save", seed: 1, ...options }, (line) => notes.push(line));
  }

  it("prints iptables-save after each state", () => {
    const objects = [
      file("1.yaml", `${WEB}---\n${NODE}`),
      file("2.yaml", `${WEB}---\n${NODE}---\n${SLICE}`),
    ];

    const [, one = "", two = ""] = rules({ objects }).split(/^# state \d\n/m);

    expect(one).to.contain('"default/web has no endpoints"').and.not.contain("KUBE-SVC-");
    expect(two).to.contain("DNAT --to-destination 10.244.1.5:8080");
  });

  it("prints each input of iptables-restore", () => {
    const text = rules({ format: "restore" });

    expect(text).to.match(/^# sync 1\n\*filter\n:KUBE-SERVICES - \[0:0\]\n/);
    expect(text.match(/^# sync/gm)).to.have.length(1);
  });

  it("notes objects that it skips, and a Node that is missing", () => {
    const notes: string[] = [];
    const objects = [file("o.yaml", `${WEB}---\napiVersion: v1\nkind: Pod\nmetadata: {name: p}\n`)];

    rules({ objects }, notes);

    expect(notes).to.have.length(2);
    expect(notes[0]).to.match(/o\.yaml:6: Pod \(v1\) p is skipped$/);
    expect(notes[1]).to.contain("there is no Node node1");
  });

  it("notes a Service that has no clusterIP yet", () => {
    const notes: string[] = [];
    const pending = WEB.replace("clusterIP: 10.96.0.10, ", "");

    rules({ objects: [file("o.yaml", `${pending}---\n${NODE}`)] }, notes);

    expect(notes).to.have.length(1);
    expect(notes[0]).to.contain("Service default/web has no clusterIP");
  });

  it("takes the mode of the command line over the file's", () => {
    const config = file("config.yaml", "mode: nftables\n");

    expect(rules({ config, mode: "userspace" })).to.contain("KUBE-PORTALS-CONTAINER");
    expect(() => rules({ config })).to.throw(VethworkError, "mode nftables is not modelled");
  });

  it("gives the same proxy ports for the same seed", () => {
    const ports = (seed: number): string | undefined =>
      /--to-ports (\d+)/.exec(rules({ mode: "userspace", seed }))?.[1];

    expect(Number(ports(7))).to.be.within(10400, 10499);
    expect(ports(7)).to.equal(ports(7));
    expect(new Set([1, 2, 3, 4, 5].map(ports)).size).to.be.greaterThan(1);
  });

  it("refuses what a release does not have", () => {
    const config = file(
      "c.yaml",
      "detectLocalMode: BridgeInterface\ndetectLocal: {bridgeInterface: cbr0}\n",
    );

    expect(() => rules({ kubeProxyVersion: "1.25" })).to.throw(VethworkError, "1.20, 1.30, 1.36");
    expect(() => rules({ kubeProxyVersion: "1.36", mode: "userspace" })).to.throw(
      VethworkError,
      "has no userspace mode",
    );
    expect(() => rules({ config, kubeProxyVersion: "1.20" })).to.throw(
      VethworkError,
      "detectLocalMode: BridgeInterface came in 1.24",
    );
    expect(rules({ config, kubeProxyVersion: "v1.30.5" })).to.contain("KUBE-SERVICES");
    expect(() => rules({ objects: [join(folder, "none.yaml")] })).to.throw(
      VethworkError,
      "cannot read",
    );
  });

  it("answers node ports on the addresses that setup gives the node", () => {
    const nodeSetup = file("node.sh", "ip addr add 192.168.50.2/24 dev eth0\n");
    const config = file("c.yaml", "nodePortAddresses: [192.168.50.0/24]\n");

    expect(rules({ nodeSetup, config })).to.contain("-A KUBE-SERVICES -d 192.168.50.2/32 ");
  });
});

describe("tools/rules/node-host", () => {
  const host = (text: string): NodeHost =>
    new NodeHost(new Scheduler(), 1, readSetup(text, "node.sh"));

  it("starts with lo and eth0 and a default route, and carries out ip commands", () => {
    const node = host(
      "# more\nip link add eth1 type dummy\nip -4 addr add 10.0.0.2/24 brd + dev eth1\nip addr add fd00::2/64 dev eth1\nip -6 route add default via fd00::1\nip addr add 172.18.0.3/16 dev eth0\n",
    );

    expect(node.addresses()).to.deep.equal(["127.0.0.1", "172.18.0.2", "172.18.0.3", "10.0.0.2"]);
    expect(node.defaultAddress()).to.equal("172.18.0.2");
  });

  it("says which line is wrong", () => {
    expect(() => host("\nip addr add 10.0.0.300/24 dev eth0\n")).to.throw(
      VethworkError,
      /^node\.sh:2:1: /,
    );
    expect(() => host("rm -r x")).to.throw(VethworkError, "ip commands");
    expect(() => host("ip addr add 10.0.0.2/24 dev eth7")).to.throw(
      VethworkError,
      /^node\.sh:1:1: /,
    );
  });
});

describe("tools/rules (command line)", () => {
  it("takes --objects several times, and prints to stdout", () => {
    const folder = mkdtempSync(join(tmpdir(), "rules-"));
    const written: string[] = [];
    const write = process.stdout.write;
    const program = new Command().exitOverride();
    addRulesCommand(program);
    try {
      const paths = [`${WEB}---\n${NODE}`, `${WEB}---\n${NODE}---\n${SLICE}`].map((text, index) => {
        const path = join(folder, `${index}.yaml`);
        writeFileSync(path, text);
        return path;
      });
      process.stdout.write = (text: string | Uint8Array): boolean => written.push(String(text)) > 0;

      program.parse(
        ["rules", ...paths.flatMap((path) => ["--objects", path]), "--kube-proxy-version", "1.30"],
        { from: "user" },
      );
    } finally {
      process.stdout.write = write;
      rmSync(folder, { recursive: true });
    }

    expect(written.join("").match(/^# state \d$/gm)).to.deep.equal(["# state 1", "# state 2"]);
  });
});
