import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { runLab } from "../../../lib/lab/run.ts";
import { filesBeside } from "../../../tools/input.ts";

const FOLDER = fileURLToPath(new URL("../../../../fixtures/kube-proxy/", import.meta.url));

/** Runs a lab of fixtures/kube-proxy. */
function run(name: string) {
  const file = `${FOLDER}${name}/lab.yaml`;
  return runLab(readFileSync(file, "utf8"), { file, readFile: filesBeside(file), poison: true });
}

function textOf(artefacts: ReadonlyMap<string, Uint8Array>, name: string): string {
  return Buffer.from(artefacts.get(name) ?? []).toString();
}

describe("the labs of kube-proxy", () => {
  for (const name of readdirSync(FOLDER)) {
    it(`hold what they expect: ${name}`, () => {
      const { report } = run(name);

      expect(report.expectations).to.not.have.length(0);
      expect(report.expectations.map(({ problem }) => problem).filter(Boolean)).to.deep.equal([]);
    });
  }

  it("keep a client at its endpoint", () => {
    const { report } = run("session-affinity");

    const bodies = report.steps.flatMap(({ command }) =>
      command?.run.startsWith("curl") === true ? [command.stdout] : [],
    );
    expect(bodies).to.have.length(4);
    expect(new Set(bodies)).to.have.length(1);
  });

  it("leave behind what each kube-proxy did and what userspace mode cost", () => {
    const { artefacts } = run("userspace");

    const text = textOf(artefacts, "node1-kube-proxy.txt");
    expect(text).to.match(/^ +\d+\.\d+|^\d+\.\d+ {2}/);
    expect(text).to.contain("iptables -t nat -A KUBE-PORTALS-CONTAINER -m comment --comment");
    expect(text).to.contain("--dport 80 -d 10.96.0.10/32 -j REDIRECT --to-ports 10400");
    expect(text).to.match(/clients 2, dials 2 \(0 failed\), system calls [1-9]\d*, bytes relayed/);
    expect(text).to.match(/bytes copied 0\n$/);
  });

  it("give a UDP client another socket after it was idle", () => {
    const { artefacts } = run("userspace-udp");

    const text = textOf(artefacts, "node1-kube-proxy.txt");
    expect(text).to.contain("clients 2, dials 2");
    // Three datagrams of 3 + 3 + 5 bytes, in and out.
    expect(text).to.match(/bytes relayed 11, bytes copied 22\n$/);
  });
});
