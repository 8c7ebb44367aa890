import { expect } from "chai";
import { KubeletWorld } from "./world.ts";

const WEB = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: web}]}
`;

describe("kube/kubelet/kubelet", () => {
  it("makes the Pods of a Deployment ready, on nodes that reach each other", () => {
    const world = new KubeletWorld(2);
    world.pass(3);
    world.apply(WEB);
    world.pass(10);

    const pods = world.pods();
    const [one, other] = pods;
    const answer = world.run(one?.metadata.name ?? "", `curl -s http://${other?.status.podIP}/`);

    expect(pods.map(({ status }) => `${status.phase} ${status.podIP}`)).to.deep.equal([
      "Running 10.244.0.2",
      "Running 10.244.1.2",
    ]);
    expect(answer).to.equal(other?.metadata.name);
  });
});
