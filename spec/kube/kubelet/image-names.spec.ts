import { expect } from "chai";
import { imageNameProblem } from "../../../lib/kube/kubelet/image-names.ts";

describe("kube/kubelet/image-names", () => {
  it("takes the forms that references have", () => {
    const digest = `sha256:${"0123456789abcdef".repeat(4)}`;
    const names = [
      "nginx",
      "nginx:1.25-alpine",
      "localhost:5000/a/b_c:d",
      "REGISTRY.example/a__b/c-d.e:V1",
      `docker.io/library/nginx:1.25@${digest}`,
      `nginx@${digest}`,
    ];

    for (const name of names) expect(imageNameProblem(name), name).to.equal(null);
  });

  it("refuses what is none, as the runtime words it", () => {
    for (const name of ["<your-image>", "{{ .Values.image }}", "a b", "nginx:", "-a", "a//b"]) {
      expect(imageNameProblem(name)).to.equal(
        `couldn't parse image name "${name}": invalid reference format`,
      );
    }
    expect(imageNameProblem("Team/Shop:1")).to.equal(
      `couldn't parse image name "Team/Shop:1": invalid reference format: repository name (Team/Shop) must be lowercase`,
    );
  });
});
