import { expect } from "chai";
import { matches } from "../../lib/lab/selection.ts";
import { outputsOf, problemsOf, runCluster } from "../support/cluster-lab.ts";

describe("lab/selection", () => {
  it("takes an asterisk for any part of a host's name, or for all devices but the loopback", () => {
    const web = { node: "web-*", device: "eth0" };
    const all = { node: "node1", device: "*" };

    expect(matches(web, "web-7d4b9-x2k9p", "eth0")).to.equal(true);
    expect(matches(web, "web", "eth0")).to.equal(false);
    expect(matches(web, "my-web-1", "eth0")).to.equal(false);
    expect(matches(web, "web-1", "eth1")).to.equal(false);
    expect(matches(all, "node1", "cni0")).to.equal(true);
    expect(matches(all, "node1", "lo")).to.equal(false);
    expect(matches({ node: "node1", device: "lo" }, "node1", "lo")).to.equal(true);
    expect(matches({ node: "dns.*", device: "eth0" }, "dnsx1", "eth0")).to.equal(false);
  });

  it("captures Pods that come after the captures have begun", () => {
    const run = runCluster({
      steps: [
        "{ kubectl: 'delete pods -l app=web' }",
        "{ wait: { for: rollout, of: deployment/web } }",
        "{ wait: 1s }",
        "{ on: pod/client, run: curl -s http://10.96.0.80/hostname }",
      ],
      expect: ["{ frames: 'tcp[syn] and not tcp[ack] and dst port 8080', on: 'web-*/eth0' }"],
      more: ["capture: ['web-*/eth0']"],
    });

    expect(problemsOf(run)).to.deep.equal([]);
    const names = run.report.interfaces.map(({ name }) => name);
    expect(names).to.have.length(4);
    expect(names).to.include(`${outputsOf(run).at(-1)}/eth0`);
  });
});
