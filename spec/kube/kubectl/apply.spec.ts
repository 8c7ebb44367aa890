import { expect } from "chai";
import type { Service } from "../../../lib/kube/api/types.ts";
import { SpecCluster } from "../../support/control-plane.ts";

const service = (body: string) =>
  `apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec:\n${body}`;

describe("kube/kubectl/apply", () => {
  it("says created, unchanged and configured", () => {
    const cluster = new SpecCluster();
    const text = service("  selector: {app: web}\n  ports: [{port: 80}]\n");

    const first = cluster.apply(text).stdout;
    const second = cluster.apply(text).stdout;
    const third = cluster.apply(text.replace("port: 80", "port: 81")).stdout;

    expect([first, second, third]).to.deep.equal([
      "service/web created\n",
      "service/web unchanged\n",
      "service/web configured\n",
    ]);
  });

  it("removes what the manifest before had, and keeps what the server gave", () => {
    const cluster = new SpecCluster();
    cluster.apply(
      service("  externalIPs: [192.0.2.9]\n  selector: {app: web}\n  ports: [{port: 80}]\n"),
    );
    const before = cluster.server.find("Service", "default/web") as Service;

    cluster.apply(service("  selector: {app: web}\n  ports: [{port: 80}]\n"));

    const after = cluster.server.find("Service", "default/web") as Service;
    expect(before.spec.externalIPs).to.deep.equal(["192.0.2.9"]);
    expect(after.spec.externalIPs).to.equal(undefined);
    expect(after.spec.clusterIP).to.equal(before.spec.clusterIP);
  });

  it("names file, line and column of the field that the server refuses", () => {
    const cluster = new SpecCluster();

    const { stderr, place, exitCode } = cluster.apply(
      service("  selector: {app: web}\n  ports:\n    - port: 0\n"),
    );

    expect(exitCode).to.equal(1);
    expect(stderr).to.contain("spec.ports[0].port: Invalid value: 0");
    expect(place).to.deep.equal({ file: "file.yaml", line: 7, column: 7 });
  });

  it("applies a good document before a bad one", () => {
    const cluster = new SpecCluster();
    const good = service("  selector: {app: web}\n  ports: [{port: 80}]\n");

    const { stdout, exitCode } = cluster.apply(
      `${good}---\napiVersion: v1\nkind: Srevice\nmetadata: {name: x}\n`,
    );

    expect(stdout).to.equal("service/web created\n");
    expect(exitCode).to.equal(1);
  });

  it("keeps and lists kinds of other groups", () => {
    const cluster = new SpecCluster();

    cluster.apply(
      "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: one}\nspec: {size: 3}\n",
    );

    expect(cluster.run("get widgets -o name").stdout).to.equal("widget.example.com/one\n");
  });
});
