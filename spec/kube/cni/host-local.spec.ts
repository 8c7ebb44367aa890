import { expect } from "chai";
import { formatIpv4, parseCidr } from "../../../lib/base/inet.ts";
import { HostLocal } from "../../../lib/kube/cni/host-local.ts";
import { CniError } from "../../../lib/kube/cni/pod-network.ts";

/** 10.0.0.8/29: .9 is the gateway, .10 … .14 are for Pods. */
function small(): HostLocal {
  return new HostLocal(parseCidr("10.0.0.8/29"));
}

describe("kube/cni/host-local", () => {
  it("begins behind the gateway and goes on behind the last address it gave", () => {
    const addresses = small();

    const first = addresses.reserve("a");
    addresses.release("a");
    const second = addresses.reserve("b");

    expect([first, second].map(formatIpv4)).to.deep.equal(["10.0.0.10", "10.0.0.11"]);
  });

  it("comes round to what is free and passes over what is taken", () => {
    const addresses = small();
    for (const owner of ["a", "b", "c", "d", "e"]) addresses.reserve(owner);
    addresses.release("b");
    addresses.release("d");

    const given = ["f", "g"].map((owner) => formatIpv4(addresses.reserve(owner)));

    expect(given).to.deep.equal(["10.0.0.11", "10.0.0.13"]);
  });

  it("refuses when all are taken", () => {
    const addresses = small();
    for (const owner of ["a", "b", "c", "d", "e"]) addresses.reserve(owner);

    expect(() => addresses.reserve("f")).to.throw(
      CniError,
      "no IP addresses available in range set: 10.0.0.9-10.0.0.14",
    );
  });
});
