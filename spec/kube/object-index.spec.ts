import { expect } from "chai";
import type { Pod } from "../../lib/kube/api/types.ts";
import { ObjectIndex } from "../../lib/kube/object-index.ts";

function pod(name: string, labels: Record<string, string>): Pod {
  return { kind: "Pod", metadata: { name, namespace: "default", labels } } as unknown as Pod;
}

describe("kube/object-index", () => {
  const index = (): ObjectIndex<Pod> =>
    new ObjectIndex<Pod>(({ metadata }) => Object.values(metadata.labels ?? {}));

  it("finds objects by what is read in them, by key", () => {
    const pods = index();
    pods.replace(null, pod("b", { app: "web" }));
    pods.replace(null, pod("a", { app: "web", tier: "front" }));

    expect(pods.list("web").map(({ metadata }) => metadata.name)).to.deep.equal(["a", "b"]);
    expect(pods.list("front").map(({ metadata }) => metadata.name)).to.deep.equal(["a"]);
    expect(pods.list("back")).to.deep.equal([]);
  });

  it("takes that there was no object and is none", () => {
    const pods = index();

    pods.replace(null, null);

    expect(pods.list("web")).to.deep.equal([]);
  });

  it("follows an object whose values change, to its end", () => {
    const pods = index();
    const first = pod("a", { app: "web" });
    const second = pod("a", { app: "db" });
    pods.replace(null, first);

    pods.replace(first, second);

    expect(pods.list("web")).to.deep.equal([]);
    expect(pods.list("db")).to.deep.equal([second]);
    pods.replace(second, null);
    expect(pods.list("db")).to.deep.equal([]);
  });

  it("has the next version of an object in all lists that it stays in", () => {
    const pods = index();
    const first = pod("a", { app: "web", tier: "front" });
    const second = pod("a", { app: "web", tier: "back" });
    pods.replace(null, first);
    pods.replace(null, pod("b", { app: "web" }));

    pods.replace(first, second);

    expect(pods.list("web")[0]).to.equal(second);
    expect(pods.list("web")).to.have.length(2);
    expect(pods.list("front")).to.deep.equal([]);
    expect(pods.list("back")).to.deep.equal([second]);
  });

  it("takes it that an object neither was nor is there", () => {
    const pods = index();

    pods.replace(null, null);

    expect(pods.list("web")).to.deep.equal([]);
  });
});
