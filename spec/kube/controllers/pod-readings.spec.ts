import { expect } from "chai";
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

    expect(readings.of(web, [b, a])).to.deep.equal(["2 web b", "1 web a"]);
  });

  it("reads it again for another Service, for another version of either, and when it is told to", () => {
    const readings = counted();
    const [web, a] = [service("web"), pod("a")];
    readings.of(web, [a]);

    expect(readings.of(service("db"), [a])).to.deep.equal(["2 db a"]);
    expect(readings.of(service("web"), [a])).to.deep.equal(["3 web a"]);
    expect(readings.of(web, [pod("a")])).to.deep.equal(["4 web a"]);
    readings.forget();
    expect(readings.of(web, [a])).to.deep.equal(["5 web a"]);
  });
});
