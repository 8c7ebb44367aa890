import { expect } from "chai";
import { canonicalCidr, canonicalIpv4, isNetwork } from "../../lib/kube/addresses.ts";

describe("kube/addresses", () => {
  it("reads octets with leading zeros as decimal", () => {
    expect(canonicalIpv4("010.096.000.008")).to.equal("10.96.0.8");
    expect(canonicalCidr("203.0.113.000/025")).to.equal("203.0.113.0/25");
  });

  it("masks the host bits of a network", () => {
    expect(canonicalCidr("192.0.2.77/24")).to.equal("192.0.2.0/24");
    expect(canonicalCidr("192.0.2.77/0")).to.equal("0.0.0.0/0");
  });

  it("finds no IPv4 address in anything else", () => {
    for (const text of ["", "10.0.0", "10.0.0.256", "fd00::1", "10.0.0.1 ", "a.b.c.d"]) {
      expect(canonicalIpv4(text), text).to.equal(null);
    }
    expect(canonicalCidr("10.0.0.0/33")).to.equal(null);
    expect(canonicalCidr("10.0.0.0")).to.equal(null);
  });

  it("accepts networks of both families, with blanks around them", () => {
    expect([" 192.0.2.0/24", "fd00::/64", "::/0"].every(isNetwork)).to.equal(true);
    expect(["192.0.2.0", "fd00::/129", "fd00::1", ""].some(isNetwork)).to.equal(false);
  });
});
