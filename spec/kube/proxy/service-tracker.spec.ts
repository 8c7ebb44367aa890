import { expect } from "chai";
import { releaseOf } from "../../../lib/kube/proxy/release.ts";
import { ServiceTracker } from "../../../lib/kube/proxy/service-tracker.ts";
import { DNS, HTTP, loadBalancer, service } from "../../support/cluster.ts";

const KEY = "default/web:http:TCP";

describe("kube/proxy/service-tracker", () => {
  it("says which ports a Service had and has, and keeps the latter", () => {
    const tracker = new ServiceTracker(releaseOf("1.30"));
    const before = service("web", { ports: [HTTP, DNS] });
    tracker.update(null, before);

    const change = tracker.update(before, service("web", { ports: [{ ...HTTP, port: 81 }] }));

    expect(change?.service).to.equal("default/web");
    expect([...(change?.previous.keys() ?? [])]).to.deep.equal([KEY, "default/web:dns:UDP"]);
    expect([...(change?.current.keys() ?? [])]).to.deep.equal([KEY]);
    expect([...tracker.ports.values()].map(({ port }) => port)).to.deep.equal([81]);
  });

  it("takes a Service that another proxy takes over for deleted", () => {
    const tracker = new ServiceTracker(releaseOf("1.36"));
    const before = service("web");
    const labels = { "service.kubernetes.io/service-proxy-name": "other" };
    tracker.update(null, before);

    tracker.update(before, { ...before, metadata: { ...before.metadata, labels } });

    expect(tracker.ports.size).to.equal(0);
  });

  it("knows which ports have a health check", () => {
    const tracker = new ServiceTracker(releaseOf("1.36"));
    const checked = loadBalancer("web", ["203.0.113.1"], {
      externalTrafficPolicy: "Local",
      healthCheckNodePort: 32000,
    });
    tracker.update(null, checked);
    expect([...tracker.checked.keys()]).to.deep.equal([KEY]);

    tracker.update(checked, null);

    expect(tracker.checked.size).to.equal(0);
  });

  it("lists all ports as new ones in the order of the Services' names", () => {
    const tracker = new ServiceTracker(releaseOf("1.36"));
    tracker.update(null, service("web", { ports: [HTTP, DNS] }));
    tracker.update(null, service("db"));

    expect(
      tracker
        .all()
        .map(({ service: name, previous, current }) => [name, previous.size, [...current.keys()]]),
    ).to.deep.equal([
      ["default/db", 0, ["default/db:http:TCP"]],
      ["default/web", 0, [KEY, "default/web:dns:UDP"]],
    ]);
  });
});
