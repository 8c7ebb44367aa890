import { expect } from "chai";
import { ObjectTracker } from "../../../lib/kube/proxy/object-tracker.ts";
import { releaseOf } from "../../../lib/kube/proxy/release.ts";
import { DNS, endpoint, HTTP, service, slice } from "../../support/cluster.ts";

function newTracker(version = "1.36"): ObjectTracker {
  return new ObjectTracker(releaseOf(version));
}

const web = service("web");
const moved = service("web", { ports: [{ ...HTTP, port: 8080 }] });

describe("kube/proxy/object-tracker", () => {
  it("forgets a change that is taken back before a sync", () => {
    const tracker = newTracker();
    let asked = 0;
    const follower = tracker.follow(() => {
      asked += 1;
    });
    tracker.serviceChanged(null, web);
    follower.take();

    tracker.serviceChanged(web, moved);
    expect(asked).to.equal(2);
    tracker.serviceChanged(moved, web);

    expect(asked).to.equal(2);
    expect(follower.take().changed.size).to.equal(0);
  });

  it("sees nothing in a change of what the proxy does not read", () => {
    const tracker = newTracker();
    tracker.serviceChanged(null, web);
    let asked = 0;
    const follower = tracker.follow(() => {
      asked += 1;
    });
    follower.take();
    const labelled = { ...web, metadata: { ...web.metadata, labels: { tier: "front" } } };

    tracker.serviceChanged(web, labelled);

    expect(asked).to.equal(0);
  });

  it("says which ports are gone, and not that a changed one is", () => {
    const tracker = newTracker("1.30");
    const follower = tracker.follow(() => {});
    const both = service("web", { ports: [HTTP, DNS] });
    tracker.serviceChanged(null, both);
    follower.take();

    tracker.serviceChanged(both, moved);
    const { changed, services } = follower.take();

    expect(services.deleted.map(({ key }) => key)).to.deep.equal(["default/web:dns:UDP"]);
    expect([...changed]).to.deep.equal(["default/web"]);
  });

  it("tells each follower what has changed since it last asked", () => {
    const tracker = newTracker();
    const [quick, slow] = [tracker.follow(() => {}), tracker.follow(() => {})];
    const first = slice("web", [endpoint("10.0.0.1")]);
    tracker.sliceChanged(null, first);
    const earlier = quick.take();
    tracker.serviceChanged(null, service("db"));
    tracker.sliceChanged(first, slice("web", [endpoint("10.0.0.2")]));

    const texts = (taken: typeof earlier): unknown =>
      taken
        .endpointsOn("node1")
        .map(({ previous, current }) =>
          [previous, current].map((map) => [...map.values()].flat().map(({ text }) => text)),
        );

    expect([...earlier.changed]).to.deep.equal(["default/web"]);
    expect(texts(earlier)).to.deep.equal([[[], ["10.0.0.1:8080"]]]);
    expect(texts(quick.take())).to.deep.equal([[["10.0.0.1:8080"], ["10.0.0.2:8080"]]]);
    expect(texts(slow.take())).to.deep.equal([[[], ["10.0.0.2:8080"]]]);
  });

  it("tells those that are at the same point the very same", () => {
    const tracker = newTracker();
    const followers = [0, 1, 2].map(() => tracker.follow(() => {}));
    tracker.serviceChanged(null, web);
    const [first, second] = followers.map((follower) => follower.take());

    expect(second).to.equal(first);

    tracker.serviceChanged(web, moved);
    const again = followers.map((follower) => follower.take());
    expect(again[1]).to.equal(again[0]);
    expect(again[2]).to.equal(again[1]);
  });

  it("begins with all there is, by name", () => {
    const tracker = newTracker();
    tracker.serviceChanged(null, web);
    tracker.serviceChanged(null, service("db"));
    tracker.serviceChanged(web, moved);
    tracker.sliceChanged(null, slice("other", [endpoint("10.0.0.1")]));

    const late = tracker.follow(() => {}).take();

    expect([...late.services.changed]).to.deep.equal(["default/db", "default/web"]);
    expect([...late.changed]).to.deep.equal(["default/db", "default/web", "default/other"]);
    expect(late.endpointsOn("node1").map(({ previous }) => previous.size)).to.deep.equal([0]);
  });

  it("asks in the order in which they came, and nobody who has left", () => {
    const tracker = newTracker("1.30");
    const asked: string[] = [];
    const [a] = ["a", "b", "c"].map((name) => tracker.follow(() => asked.push(name)));
    tracker.serviceChanged(null, web);
    if (a !== undefined) tracker.leave(a);

    tracker.sliceChanged(null, slice("web", [endpoint("10.0.0.1")]));

    expect(asked.join("")).to.equal("abcbc");
  });

  it("asks again for what waits already only where that may bring the sync forward", () => {
    const asks = (version: string): number => {
      const tracker = newTracker(version);
      let asked = 0;
      const follower = tracker.follow(() => {
        asked += 1;
      });
      tracker.serviceChanged(null, web);
      tracker.serviceChanged(web, moved);
      tracker.serviceChanged(moved, null);
      tracker.serviceChanged(null, web);
      follower.take();
      tracker.serviceChanged(web, moved);
      return asked;
    };

    // A token bucket fills up while changes wait; a pause ends when it ends.
    expect([asks("1.30"), asks("1.36")]).to.deep.equal([4, 3]);
  });
});
