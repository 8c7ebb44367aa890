import { expect } from "chai";
import { parseArguments } from "../../../lib/kube/kubectl/arguments.ts";
import { deployment, SpecCluster } from "../../support/control-plane.ts";

describe("kube/kubectl/flags", () => {
  it("reads short flags in one word, the last with its value", () => {
    const args = parseArguments(["get", "pods", "-Aowide", "-lapp=web", "-nshop", "-w=false"]);

    expect(args.words).to.deep.equal(["pods"]);
    expect(args.flag("A")).to.equal(true);
    expect(args.flag("w")).to.equal(false);
    expect([args.option("o"), args.option("l"), args.namespace]).to.deep.equal([
      "wide",
      "app=web",
      "shop",
    ]);
  });

  it("knows that logs follows with -f, where others read a file", () => {
    expect(parseArguments(["logs", "-f", "web"]).words).to.deep.equal(["web"]);
    expect(parseArguments(["apply", "-f", "web"]).option("f")).to.equal("web");
  });

  const usage = (path: string) => `\nSee 'kubectl ${path} --help' for usage.\n`;
  const refusals: readonly [string, string][] = [
    ["get pods --foo", `error: unknown flag: --foo${usage("get")}`],
    ["get pods -xo", `error: unknown shorthand flag: 'x' in -xo${usage("get")}`],
    ["get pods -o", `error: flag needs an argument: 'o' in -o${usage("get")}`],
    [
      "scale deployment/web --replicas",
      `error: flag needs an argument: --replicas${usage("scale")}`,
    ],
    ["rollout undo --too=1", `error: unknown flag: --too${usage("rollout undo")}`],
  ];
  for (const [line, text] of refusals) {
    it(`refuses ${line}`, () => {
      const cluster = new SpecCluster();
      cluster.apply(deployment("web", 1));

      const { stderr, exitCode } = cluster.run(line);

      expect([stderr, exitCode]).to.deep.equal([text, 1]);
    });
  }
});
