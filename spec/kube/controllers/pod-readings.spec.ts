import { expect } from "chai";
import fc from "fast-check";
import type { Pod, Service } from "../../../lib/kube/api/types.ts";
import { PodReadings } from "../../../lib/kube/controllers/pod-readings.ts";

const pod = (name: string): Pod => ({ kind: "Pod", metadata: { name } }) as unknown as Pod;
const service = (name: string): Service =>
  ({ kind: "Service", metadata: { name } }) as unknown as Service;

/** Readings that say which of them they are. */
function counted(): PodReadings<string> {
  let count = 0;
  return new PodReadings((of, { metadata }) => {
    count += 1;
    return `${count} ${of.metadata.name} ${metadata.name}`;
  });
}

describe("kube/controllers/pod-readings", () => {
  it("reads a version of a Pod once", () => {
    const readings = counted();
    const [web, a, b] = [service("web"), pod("a"), pod("b")];
    readings.of(web, [a]);

    expect(readings.of(web, [a, b])).to.deep.equal(["1 web a", "2 web b"]);
  });

  it("reads it again for another Service, for another version of either, and when it is told to", () => {
    const readings = counted();
    const [web, a] = [service("web"), pod("a")];
    readings.of(web, [a]);

    expect(readings.of(service("db"), [a])).to.deep.equal(["2 db a"]);
    expect(readings.of(web, [a])).to.deep.equal(["1 web a"]);
    expect(readings.of(web, [pod("a")])).to.deep.equal(["3 web a"]);
    expect(readings.of(service("web"), [a])).to.deep.equal(["4 web a"]);
    readings.forget();
    expect(readings.of(web, [a])).to.deep.equal(["5 web a"]);
  });

  it("has what was read of each Pod, whichever come, go and change", () => {
    const names = ["a", "b", "c", "d", "e"];
    const next = fc.uniqueArray(fc.tuple(fc.constantFrom(...names), fc.nat(2)), {
      selector: ([name]) => name,
    });
    fc.assert(
      fc.property(fc.array(next, { maxLength: 8 }), (lists) => {
        const versions = new Map<string, Pod>();
        const read: Pod[] = [];
        const readings = new PodReadings((_, one) => {
          read.push(one);
          return { one };
        });
        const web = service("web");
        let before: readonly Pod[] = [];
        for (const list of lists) {
          const pods = list
            .sort(([one], [other]) => (one < other ? -1 : 1))
            .map(([name, version]) => {
              const known = versions.get(`${name}${version}`) ?? pod(name);
              versions.set(`${name}${version}`, known);
              return known;
            });
          read.length = 0;

          const all = readings.of(web, pods);

          expect(all.map(({ one }) => one)).to.deep.equal(pods);
          expect(all.every(({ one }, index) => one === pods[index])).to.equal(true);
          expect(read).to.deep.equal(pods.filter((one) => !before.includes(one)));
          before = pods;
        }
      }),
    );
  });
});
