import { expect } from "chai";
import { EndpointTracker } from "../../../lib/kube/proxy/endpoint-tracker.ts";
import { releaseOf } from "../../../lib/kube/proxy/release.ts";
import { endpoint, slice } from "../../support/cluster.ts";

const KEY = "default/web:http:TCP";

describe("kube/proxy/endpoint-tracker", () => {
  it("orders endpoints by their text, ports included", () => {
    const tracker = new EndpointTracker("node1", releaseOf("1.36"));
    tracker.update(
      slice(
        "web",
        ["10.0.0.2", "10.0.0.10", "10.0.0.1"].map((ip) => endpoint(ip)),
      ),
      false,
    );
    tracker.apply();

    expect(tracker.endpoints.get(KEY)?.map(({ text }) => text)).to.deep.equal([
      "10.0.0.10:8080",
      "10.0.0.1:8080",
      "10.0.0.2:8080",
    ]);
  });

  it("counts an endpoint in two slices once, the local one first", () => {
    const tracker = new EndpointTracker("node1", releaseOf("1.36"));
    const remote = endpoint("10.0.0.1", { nodeName: "node2" });
    tracker.update(slice("web", [remote], { suffix: "a" }), false);
    tracker.update(slice("web", [endpoint("10.0.0.1")], { suffix: "b" }), false);
    tracker.apply();

    expect(tracker.endpoints.get(KEY)?.map(({ node }) => node)).to.deep.equal(["node1"]);
  });

  it("tells endpoints apart by address alone in 1.20", () => {
    const port = { name: "http", protocol: "TCP" as const, port: 9090 };
    const count = (version: string): number => {
      const tracker = new EndpointTracker("node1", releaseOf(version));
      tracker.update(slice("web", [endpoint("10.0.0.1")], { suffix: "a" }), false);
      tracker.update(slice("web", [endpoint("10.0.0.1")], { suffix: "b", port }), false);
      tracker.apply();
      return tracker.endpoints.get(KEY)?.length ?? 0;
    };

    expect([count("1.20"), count("1.36")]).to.deep.equal([1, 2]);
  });

  it("keeps an endpoint while one of two slices with it is left", () => {
    const tracker = new EndpointTracker("node1", releaseOf("1.36"));
    const [a, b] = ["a", "b"].map((suffix) => slice("web", [endpoint("10.0.0.1")], { suffix }));
    tracker.update(a!, false);
    tracker.update(b!, false);
    tracker.apply();

    tracker.update(a!, true);
    tracker.apply();
    expect(tracker.endpoints.get(KEY)).to.have.length(1);

    tracker.update(b!, true);
    tracker.apply();
    expect(tracker.endpoints.has(KEY)).to.equal(false);
  });

  it("notices any change of a slice from 1.36, and only what it keeps before", () => {
    const changes = (version: string): boolean => {
      const tracker = new EndpointTracker("node1", releaseOf(version));
      const before = slice("web", [endpoint("10.0.0.1")]);
      tracker.update(before, false);
      tracker.apply();
      const labels = { ...before.metadata.labels, touched: "yes" };
      return tracker.update({ ...before, metadata: { ...before.metadata, labels } }, false);
    };

    expect([changes("1.20"), changes("1.30"), changes("1.36")]).to.deep.equal([false, false, true]);
  });

  it("does not notice in 1.20 that an endpoint is not ready yet", () => {
    const changes = (version: string): boolean => {
      const tracker = new EndpointTracker("node1", releaseOf(version));
      const ready = endpoint("10.0.0.1");
      tracker.update(slice("web", [ready]), false);
      tracker.apply();
      const starting = endpoint("10.0.0.2", { conditions: { ready: false } });
      return tracker.update(slice("web", [ready, starting]), false);
    };

    expect([changes("1.20"), changes("1.30")]).to.deep.equal([false, true]);
  });

  it("ignores slices without a Service, of names, and of another proxy", () => {
    const tracker = new EndpointTracker("node1", releaseOf("1.36"));
    const plain = slice("web", [endpoint("10.0.0.1")]);
    const headless = { ...plain.metadata.labels, "service.kubernetes.io/headless": "" };

    expect(
      [
        { ...plain, metadata: { ...plain.metadata, labels: {} } },
        { ...plain, addressType: "FQDN" as const },
        { ...plain, metadata: { ...plain.metadata, labels: headless } },
      ].map((one) => tracker.update(one, false)),
    ).to.deep.equal([false, false, false]);
  });
});
