import { expect } from "chai";
import { EndpointTracker } from "../../../lib/kube/proxy/endpoint-tracker.ts";
import { releaseOf } from "../../../lib/kube/proxy/release.ts";
import { endpoint, slice } from "../../support/cluster.ts";

const KEY = "default/web:http:TCP";

describe("kube/proxy/endpoint-tracker", () => {
  it("orders endpoints by their text, ports included", () => {
    const tracker = new EndpointTracker(releaseOf("1.36"));
    tracker.update(
      slice(
        "web",
        ["10.0.0.2", "10.0.0.10", "10.0.0.1"].map((ip) => endpoint(ip)),
      ),
      false,
    );

    expect(
      tracker
        .on("node1")
        .get(KEY)
        ?.map(({ text }) => text),
    ).to.deep.equal(["10.0.0.10:8080", "10.0.0.1:8080", "10.0.0.2:8080"]);
  });

  it("counts an endpoint in two slices once, the local one first", () => {
    const tracker = new EndpointTracker(releaseOf("1.36"));
    const remote = endpoint("10.0.0.1", { nodeName: "node2" });
    tracker.update(slice("web", [remote], { suffix: "a" }), false);
    tracker.update(slice("web", [endpoint("10.0.0.1")], { suffix: "b" }), false);

    const nodes = (name: string): unknown =>
      tracker
        .on(name)
        .get(KEY)
        ?.map(({ node }) => node);
    expect([nodes("node1"), nodes("node2")]).to.deep.equal([["node1"], ["node2"]]);
    expect(tracker.on("node1").differs(KEY)).to.equal(true);
  });

  it("tells endpoints apart by address alone in 1.20", () => {
    const port = { name: "http", protocol: "TCP" as const, port: 9090 };
    const count = (version: string): number => {
      const tracker = new EndpointTracker(releaseOf(version));
      tracker.update(slice("web", [endpoint("10.0.0.1")], { suffix: "a" }), false);
      tracker.update(slice("web", [endpoint("10.0.0.1")], { suffix: "b", port }), false);
      return tracker.on("node1").get(KEY)?.length ?? 0;
    };

    expect([count("1.20"), count("1.36")]).to.deep.equal([1, 2]);
  });

  it("keeps an endpoint while one of two slices with it is left", () => {
    const tracker = new EndpointTracker(releaseOf("1.36"));
    const [a, b] = ["a", "b"].map((suffix) => slice("web", [endpoint("10.0.0.1")], { suffix }));
    tracker.update(a!, false);
    tracker.update(b!, false);

    tracker.update(a!, true);
    expect(tracker.on("node1").get(KEY)).to.have.length(1);

    tracker.update(b!, true);
    expect(tracker.on("node1").get(KEY)).to.equal(undefined);
  });

  it("notices any change of a slice from 1.36, and only what it keeps before", () => {
    const changes = (version: string): boolean => {
      const tracker = new EndpointTracker(releaseOf(version));
      const before = slice("web", [endpoint("10.0.0.1")]);
      tracker.update(before, false);
      const labels = { ...before.metadata.labels, touched: "yes" };
      const after = { ...before, metadata: { ...before.metadata, labels } };
      return tracker.update(after, false) !== null;
    };

    expect([changes("1.20"), changes("1.30"), changes("1.36")]).to.deep.equal([false, false, true]);
  });

  it("does not notice in 1.20 that an endpoint is not ready yet", () => {
    const changes = (version: string): boolean => {
      const tracker = new EndpointTracker(releaseOf(version));
      const ready = endpoint("10.0.0.1");
      tracker.update(slice("web", [ready]), false);
      const starting = endpoint("10.0.0.2", { conditions: { ready: false } });
      return tracker.update(slice("web", [ready, starting]), false) !== null;
    };

    expect([changes("1.20"), changes("1.30")]).to.deep.equal([false, true]);
  });

  it("gives all nodes the same list where no endpoint is in two slices", () => {
    const tracker = new EndpointTracker(releaseOf("1.36"));
    tracker.update(slice("web", [endpoint("10.0.0.1")], { suffix: "a" }), false);
    tracker.update(slice("web", [endpoint("10.0.0.2")], { suffix: "b" }), false);

    expect(tracker.on("node1").get(KEY)).to.equal(tracker.on("node2").get(KEY));
    expect(tracker.on("node1").differs(KEY)).to.equal(false);
  });

  it("lists all slices as new ones in the order of their names", () => {
    const tracker = new EndpointTracker(releaseOf("1.36"));
    for (const name of ["web", "db", "dns"]) tracker.update(slice(name, []), false);
    tracker.update(slice("db", []), true);

    expect(
      tracker.all().map(({ previous, current }) => [previous.slices.length, current.service]),
    ).to.deep.equal([
      [0, "default/dns"],
      [0, "default/web"],
    ]);
  });

  it("ignores slices without a Service, of names, and of another proxy", () => {
    const tracker = new EndpointTracker(releaseOf("1.36"));
    const plain = slice("web", [endpoint("10.0.0.1")]);
    const headless = { ...plain.metadata.labels, "service.kubernetes.io/headless": "" };

    expect(
      [
        { ...plain, metadata: { ...plain.metadata, labels: {} } },
        { ...plain, addressType: "FQDN" as const },
        { ...plain, metadata: { ...plain.metadata, labels: headless } },
      ].map((one) => tracker.update(one, false)),
    ).to.deep.equal([null, null, null]);
  });
});
