import { expect } from "chai";
import { Network } from "../../../lib/index.ts";

function rules(...options: string[]) {
  const network = new Network({ seed: 1 });
  network.addHost("h1");
  const errors = options.map((one) => network.run("h1", `iptables -A INPUT ${one}`).stderr);
  const listed = network.run("h1", "iptables -S INPUT | tail -n +2").stdout;
  return { errors, listed };
}

describe("netfilter/matches/ecn", () => {
  it("prints rules as the real tool does", () => {
    const { errors, listed } = rules(
      "-p tcp -m ecn ! --ecn-tcp-cwr",
      "-p tcp -m ecn --ecn-ip-ect 0x1 --ecn-tcp-ece",
      "-m ecn ! --ecn-ip-ect 0",
    );

    expect(errors.join("")).to.equal("");
    expect(listed).to.equal(
      "-A INPUT -p tcp -m ecn ! --ecn-tcp-cwr\n" +
        "-A INPUT -p tcp -m ecn --ecn-tcp-ece --ecn-ip-ect 1\n" +
        "-A INPUT -m ecn ! --ecn-ip-ect 0\n",
    );
  });

  it("refuses what asks nothing and flags of TCP in other packets", () => {
    const { errors } = rules("-m ecn", "-m ecn --ecn-tcp-ece", "-m ecn --ecn-ip-ect 4");

    expect(errors[0]).to.contain("ECN match: some option required");
    expect(errors[1]).to.contain("RULE_APPEND failed (Invalid argument): rule in chain INPUT");
    expect(errors[2]).to.contain('bad value for option "--ecn-ip-ect", or out of range (0-3)');
  });
});
