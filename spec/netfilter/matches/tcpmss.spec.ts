import { expect } from "chai";
import { Network } from "../../../lib/index.ts";

function rules(...options: string[]) {
  const network = new Network({ seed: 1 });
  network.addHost("h1");
  const errors = options.map((one) => network.run("h1", `iptables -A INPUT ${one}`).stderr);
  const listed = network.run("h1", "iptables -S INPUT | tail -n +2").stdout;
  return { errors, listed };
}

describe("netfilter/matches/tcpmss", () => {
  it("prints ranges, open ends filled", () => {
    const { listed } = rules("-p tcp -m tcpmss --mss :5", "-p tcp -m tcpmss ! --mss 1000:1460");

    expect(listed).to.equal(
      "-A INPUT -p tcp -m tcpmss --mss 0:5\n-A INPUT -p tcp -m tcpmss ! --mss 1000:1460\n",
    );
  });

  it("refuses ranges that are none", () => {
    const { errors } = rules("-p tcp -m tcpmss --mss 5:1", "-p tcp -m tcpmss --mss 70000");

    expect(errors[0]).to.contain("tcpmss: invalid range given");
    expect(errors[1]).to.contain('bad value for option "--mss" near "70000", or out of range');
  });
});
