import { expect } from "chai";
import { Backlog } from "../../../lib/kube/proxy/backlog.ts";
import { EndpointSlices } from "../../../lib/kube/proxy/endpoint-slices.ts";
import { releaseOf } from "../../../lib/kube/proxy/release.ts";
import { servicePortsOf } from "../../../lib/kube/proxy/service-port.ts";
import type { PortMap } from "../../../lib/kube/proxy/service-tracker.ts";
import { endpoint, HTTP, service, slice } from "../../support/cluster.ts";

const release = releaseOf("1.36");
const before = servicePortsOf(service("web"), release);
const after = servicePortsOf(service("web", { ports: [{ ...HTTP, port: 81 }] }), release);
const of = (previous: PortMap, current: PortMap) => ({ service: "default/web", previous, current });

describe("kube/proxy/backlog", () => {
  it("is empty again when ports are as they were, be it in another record", () => {
    const backlog = new Backlog();
    const again = servicePortsOf(service("web"), release);

    expect(backlog.addPorts(of(before, after))).to.equal(true);
    expect(backlog.isEmpty).to.equal(false);
    expect(backlog.addPorts(of(after, again))).to.equal(false);
    expect(backlog.isEmpty).to.equal(true);
  });

  it("asks for a sync as long as any Service waits", () => {
    const backlog = new Backlog();
    backlog.addPorts(of(before, after));

    expect(backlog.addPorts({ ...of(before, before), service: "default/db" })).to.equal(true);
  });

  it("names a Service of which slices have changed, even if they are as they were", () => {
    const backlog = new Backlog();
    const none = new EndpointSlices("default/web", [], release);
    const one = none.replaced(0, 0, slice("web", [endpoint("10.0.0.1")]));
    backlog.addSlices({ previous: none, current: one });
    backlog.addSlices({ previous: one, current: none });

    expect([...backlog.changes().changed]).to.deep.equal(["default/web"]);
  });

  it("says the very same until something is added", () => {
    const backlog = new Backlog();
    backlog.addPorts(of(before, after));
    const changes = backlog.changes();

    expect(backlog.changes()).to.equal(changes);
    backlog.addPorts(of(after, before));
    expect(backlog.changes()).not.to.equal(changes);
  });
});
