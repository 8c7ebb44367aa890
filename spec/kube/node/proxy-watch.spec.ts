import { expect } from "chai";
import { NS_PER_MS } from "../../../lib/base/units.ts";
import { startControlPlane } from "../../../lib/kube/control-plane.ts";
import { kubectl } from "../../../lib/kube/kubectl/kubectl.ts";
import { ProxyFeed, ProxyWatch } from "../../../lib/kube/node/proxy-watch.ts";
import { DEFAULT_CONFIGURATION } from "../../../lib/kube/proxy/config.ts";
import { releaseOf } from "../../../lib/kube/proxy/release.ts";
import { Random } from "../../../lib/sim/random.ts";
import { World } from "../../shell/world.ts";
import { pass } from "./world.ts";

const DELAY_NS = 5 * NS_PER_MS;

/** An API server, and a kube-proxy on each host. */
function cluster(version: string, mode: string, ...hosts: string[]) {
  const world = new World(...hosts);
  for (const name of hosts) world.run(name, "ip link set lo up");
  const { scheduler } = world;
  const { server } = startControlPlane(scheduler, new Random(1));
  const feed = new ProxyFeed({
    scheduler,
    store: server.store,
    delayNs: DELAY_NS,
    configuration: { ...DEFAULT_CONFIGURATION, mode },
    release: releaseOf(version),
  });
  const start = (name: string): ProxyWatch =>
    new ProxyWatch(feed, { host: world.host(name), nodeName: name });
  const createService = (name: string, address: string): void => {
    const words = `create service clusterip ${name} --tcp=80 --clusterip=${address}`.split(" ");
    const done = kubectl(server, words, () => ({ manifests: [], problem: null }));
    expect(done.exitCode, done.stderr).to.equal(0);
  };
  const knows = (name: string, address: string): boolean =>
    world.run(name, "iptables-save").includes(`${address}/32`);
  return { world, start, createService, knows };
}

describe("kube/node/proxy-watch", () => {
  for (const [version, mode] of [
    ["1.36", "iptables"],
    ["1.20", "userspace"],
  ] as const) {
    it(`tells each kube-proxy what there was when it began, and what comes (${mode})`, () => {
      const { world, start, createService, knows } = cluster(version, mode, "a", "b");
      createService("early", "10.96.0.71");
      start("a");
      pass(world, 2);
      createService("late", "10.96.0.72");
      start("b");
      pass(world, 2);

      expect(
        ["a", "b"].map((name) => ["10.96.0.71", "10.96.0.72"].map((one) => knows(name, one))),
      ).to.deep.equal([
        [true, true],
        [true, true],
      ]);
    });

    it(`leaves the rules of one that has stopped as they are (${mode})`, () => {
      const { world, start, createService, knows } = cluster(version, mode, "a", "b");
      const first = start("a");
      start("b");
      pass(world, 2);
      first.stop();
      createService("late", "10.96.0.72");
      pass(world, 2);

      expect(["a", "b"].map((name) => knows(name, "10.96.0.72"))).to.deep.equal([false, true]);
    });
  }

  it("starts a kube-proxy when its lists have come", () => {
    const { world, start } = cluster("1.36", "iptables", "a");
    const watch = start("a");
    pass(world, 0.004);
    expect(watch.proxy).to.equal(null);

    pass(world, 0.002);

    expect(watch.proxy).not.to.equal(null);
  });
});
