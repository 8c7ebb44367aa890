import { expect } from "chai";
import { releaseOf } from "../../../lib/kube/proxy/release.ts";
import { ServiceTracker } from "../../../lib/kube/proxy/service-tracker.ts";
import { DNS, HTTP, service } from "../../support/cluster.ts";

const KEY = "default/web:http:TCP";

describe("kube/proxy/service-tracker", () => {
  it("forgets a change that is taken back before a sync", () => {
    const tracker = new ServiceTracker(releaseOf("1.36"));
    const before = service("web");
    const after = service("web", { ports: [{ ...HTTP, port: 8080 }] });
    tracker.update(null, before);
    tracker.apply();

    expect(tracker.update(before, after)).to.equal(true);
    expect(tracker.update(after, before)).to.equal(false);
    expect(tracker.apply().changed.size).to.equal(0);
  });

  it("sees nothing in a change of what the proxy does not read", () => {
    const tracker = new ServiceTracker(releaseOf("1.36"));
    const before = service("web");
    tracker.update(null, before);
    tracker.apply();
    const labelled = { ...before, metadata: { ...before.metadata, labels: { tier: "front" } } };

    expect(tracker.update(before, labelled)).to.equal(false);
  });

  it("says which ports are gone, and not that a changed one is", () => {
    const tracker = new ServiceTracker(releaseOf("1.30"));
    const before = service("web", { ports: [HTTP, DNS] });
    tracker.update(null, before);
    tracker.apply();

    tracker.update(before, service("web", { ports: [{ ...HTTP, port: 81 }] }));
    const { deleted, changed } = tracker.apply();

    expect(deleted.map(({ key }) => key)).to.deep.equal(["default/web:dns:UDP"]);
    expect([...changed]).to.deep.equal(["default/web"]);
    expect([...tracker.ports.keys()]).to.deep.equal([KEY]);
  });

  it("takes a Service that another proxy takes over for deleted", () => {
    const tracker = new ServiceTracker(releaseOf("1.36"));
    const before = service("web");
    const labels = { "service.kubernetes.io/service-proxy-name": "other" };
    tracker.update(null, before);
    tracker.apply();

    tracker.update(before, { ...before, metadata: { ...before.metadata, labels } });
    tracker.apply();

    expect(tracker.ports.size).to.equal(0);
  });
});
