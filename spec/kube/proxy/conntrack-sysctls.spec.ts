import { expect } from "chai";
import { NS_PER_S } from "../../../lib/base/units.ts";
import { DEFAULT_CONFIGURATION } from "../../../lib/kube/proxy/config.ts";
import { endpoint, proxyWorld, service, slice, syncedWorld } from "../../support/cluster.ts";

const { conntrack } = DEFAULT_CONFIGURATION;

describe("kube/proxy/conntrack-sysctls", () => {
  it("sets the configured limits when the proxy starts, and leaves those of 0", () => {
    const { node } = proxyWorld({ configuration: { conntrack: { ...conntrack, min: 0 } } });

    expect(node.sysctl("net/netfilter/nf_conntrack_max")).to.equal(2 * 32768);
    expect(node.sysctl("net/netfilter/nf_conntrack_tcp_timeout_established")).to.equal(86400);
    expect(node.sysctl("net/netfilter/nf_conntrack_udp_timeout")).to.equal(null);
  });

  it("has at least the minimum of entries", () => {
    const { node } = proxyWorld({ configuration: { conntrack } });

    expect(node.sysctl("net/netfilter/nf_conntrack_max")).to.equal(131072);
  });

  it("scales the table to a million entries at most from 1.36 on, whatever the minimum", () => {
    const most = (version: string, settings: object): number | null =>
      proxyWorld({
        version,
        configuration: { conntrack: { ...conntrack, ...settings } },
      }).node.sysctl("net/netfilter/nf_conntrack_max");

    expect(most("1.36", { maxPerCore: 600_000 })).to.equal(2 ** 20);
    expect(most("1.36", { maxPerCore: 600_000, min: 2 ** 22 })).to.equal(2 ** 20);
    expect(most("1.36", { min: 2 ** 22 })).to.equal(2 ** 22);
    expect(most("1.30", { maxPerCore: 600_000 })).to.equal(1_200_000);
  });

  it("writes no rule for invalid packets where TCP tracking is liberal, but for 1.20", () => {
    const settings = { ...conntrack, tcpBeLiberal: true, udpTimeout: 10 * NS_PER_S };
    const text = (version: string): string =>
      syncedWorld([service("web")], [slice("web", [endpoint("10.244.1.1")])], {
        version,
        configuration: { conntrack: settings },
      }).node.rules.save();

    expect(text("1.36")).to.not.contain("INVALID");
    expect(text("1.30")).to.not.contain("INVALID");
    expect(text("1.20")).to.contain("INVALID");
  });
});
