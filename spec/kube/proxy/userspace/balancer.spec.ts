import { expect } from "chai";
import { NS_PER_S } from "../../../../lib/base/units.ts";
import { Balancer } from "../../../../lib/kube/proxy/userspace/balancer.ts";
import { endpoint, service, slice, syncedWorld } from "../../../support/cluster.ts";

const WEB = "default/web:http";

/** A balancer that does not shuffle, and its clock in seconds. */
function balancer(): { clock: { now: number }; of: Balancer } {
  const clock = { now: 0 };
  return {
    clock,
    of: new Balancer(
      () => clock.now * NS_PER_S,
      (bound) => bound - 1,
    ),
  };
}

const next = (of: Balancer, client = "10.0.0.1", afresh = false): string | null =>
  of.nextEndpoint(WEB, client, afresh);

describe("kube/proxy/userspace/balancer", () => {
  it("goes round the endpoints, whoever asks", () => {
    const { of } = balancer();
    of.addService(WEB, false, 10800);
    of.setEndpoints(WEB, ["a:1", "b:1", "c:1"]);

    expect(["1", "2", "1", "2"].map((client) => next(of, client))).to.deep.equal([
      "a:1",
      "b:1",
      "c:1",
      "a:1",
    ]);
  });

  it("has none for a Service without endpoints, and for none", () => {
    const { of } = balancer();
    expect(next(of)).to.equal(null);

    of.addService(WEB, false, 10800);

    expect(next(of)).to.equal(null);
  });

  it("goes on where it was when the endpoints are the same in another order", () => {
    const { of } = balancer();
    of.setEndpoints(WEB, ["a:1", "b:1"]);
    next(of);

    of.setEndpoints(WEB, ["b:1", "a:1"]);

    expect(next(of)).to.equal("b:1");
  });

  it("sticks to an endpoint until it has not been used for the timeout", () => {
    const { of, clock } = balancer();
    of.addService(WEB, true, 100);
    of.setEndpoints(WEB, ["a:1", "b:1"]);

    const answers: (string | null)[] = [];
    for (const now of [0, 99, 198, 298]) {
      clock.now = now;
      answers.push(next(of));
    }

    expect(answers).to.deep.equal(["a:1", "a:1", "a:1", "b:1"]);
  });

  it("passes over a session whose endpoint has not answered", () => {
    const { of } = balancer();
    of.addService(WEB, true, 100);
    of.setEndpoints(WEB, ["a:1", "b:1"]);
    next(of);

    expect(next(of, "10.0.0.1", true)).to.equal("b:1");
    expect(next(of)).to.equal("b:1");
  });

  it("drops sessions to endpoints that are gone", () => {
    const { of } = balancer();
    of.addService(WEB, true, 100);
    of.setEndpoints(WEB, ["a:1"]);
    next(of);

    of.setEndpoints(WEB, ["b:1"]);

    expect(next(of)).to.equal("b:1");
  });

  it("keeps the default timeout if endpoints came before the Service", () => {
    const { of, clock } = balancer();
    of.setEndpoints(WEB, ["a:1", "b:1"]);
    of.addService(WEB, true, 10);
    next(of);

    clock.now = 20;

    expect(next(of)).to.equal("a:1");
  });

  it("puts endpoints into random order", () => {
    const of = new Balancer(
      () => 0,
      () => 0,
    );
    of.setEndpoints(WEB, ["a:1", "b:1", "c:1"]);

    expect([next(of), next(of), next(of)]).to.deep.equal(["b:1", "c:1", "a:1"]);
  });
});

describe("kube/proxy/userspace/proxy (backends)", () => {
  it("leads clients to ready endpoints as slices come and go", () => {
    const starting = endpoint("10.244.1.6", { conditions: { ready: false } });
    const before = slice("web", [endpoint("10.244.1.5"), starting]);
    const { node, proxy } = syncedWorld([service("web")], [before], {
      version: "1.20",
      configuration: { mode: "userspace", portRange: { first: 10400, last: 10400 } },
    });
    const backend = (): string | null | undefined =>
      node.listeners.get(10400)?.next("10.9.9.9", false);

    expect([backend(), backend()]).to.deep.equal(["10.244.1.5:8080", "10.244.1.5:8080"]);

    proxy.sliceChanged(before, slice("web", [endpoint("10.244.1.6")]));
    expect(backend()).to.equal("10.244.1.6:8080");

    proxy.sliceChanged(slice("web", [endpoint("10.244.1.6")]), null);
    expect(backend()).to.equal(null);
  });
});
