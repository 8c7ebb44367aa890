import { expect } from "chai";
import type { ApiObject } from "../../lib/kube/api/types.ts";
import { Store, type WatchEvent } from "../../lib/kube/store.ts";

const AUDIT = { user: "someone", verb: "create" };

function configMap(name: string): ApiObject {
  const metadata = {
    name,
    namespace: "default",
    uid: name,
    resourceVersion: "",
    creationTimestamp: "",
  };
  return { apiVersion: "v1", kind: "ConfigMap", metadata };
}

describe("kube/store", () => {
  it("gives each write the next version, whatever its kind", () => {
    const store = new Store();

    const first = store.put(configMap("a"), AUDIT);
    const second = store.put({ ...configMap("b"), kind: "Secret" }, AUDIT);

    expect(Number(second.metadata.resourceVersion)).to.equal(
      Number(first.metadata.resourceVersion) + 1,
    );
  });

  it("tells watches of every write once, in order, with what was before", () => {
    const store = new Store();
    const events: WatchEvent[] = [];
    store.watch((event) => events.push(event));

    const stored = store.put(configMap("a"), AUDIT);
    store.put(stored, AUDIT);
    store.remove(stored, AUDIT);

    expect(events.map(({ type }) => type)).to.deep.equal(["ADDED", "MODIFIED", "DELETED"]);
    expect(events[0]?.previous).to.equal(null);
    expect(events[1]?.previous).to.equal(stored);
  });

  it("lists by key and forgets what was removed", () => {
    const store = new Store();
    store.put(configMap("b"), AUDIT);
    const gone = store.put(configMap("c"), AUDIT);
    store.put(configMap("a"), AUDIT);

    store.remove(gone, AUDIT);

    expect(store.list("ConfigMap").map(({ metadata }) => metadata.name)).to.deep.equal(["a", "b"]);
  });
});
