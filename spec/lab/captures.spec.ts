import { expect } from "chai";
import { present } from "../../lib/base/assert.ts";
import { readCapture } from "../../lib/capture/read.ts";
import { runLab } from "../../lib/lab/run.ts";

const LAB = `name: loopback
topology:
  nodes: { h1: }
steps:
  - { on: h1, run: ping -c 1 127.0.0.1 }
capture: [h1/lo]
`;

describe("lab/captures", () => {
  it("shows a frame on a loopback once, as tcpdump does", () => {
    const { artefacts } = runLab(LAB, { file: "lab.yaml" });
    for (const file of ["h1-lo.pcap", "merged.pcapng"]) {
      const capture = readCapture(present(artefacts.get(file), file), file);
      expect(capture.frames, file).to.have.length(2);
    }
  });
});
