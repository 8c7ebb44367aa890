import { expect } from "chai";
import { canonicalRules, firstDifference, withoutProxyPorts } from "../../tools/corpus/canon.ts";
import { readCorpus } from "../../tools/corpus/case.ts";
import { compareRecording } from "../../tools/corpus/compare.ts";
import { CORPUS_FOLDER } from "../../tools/corpus.ts";

const CASES = readCorpus(CORPUS_FOLDER);

describe("tools/corpus", () => {
  it("has the recordings of 35 clusters", () => {
    const recordings = CASES.flatMap((corpusCase) => corpusCase.recordings);

    expect(CASES).to.have.length(35);
    expect(recordings).to.have.length(135);
  });

  for (const corpusCase of CASES) {
    for (const recording of corpusCase.recordings) {
      it(`${corpusCase.name}: writes what ${recording.version} ${recording.mode} wrote`, () => {
        expect(compareRecording(corpusCase, recording)).to.equal(null);
      });
    }
  }

  it("finds a difference in every kind of recorded file", () => {
    const corpusCase = CASES.find(({ name }) => name === "loadbalancer-local-health-check");
    const recording = corpusCase?.recordings.find(({ version }) => version === "1.30");
    if (corpusCase === undefined || recording === undefined) throw new Error("the case is gone");
    const spoilt = (file: string, from: string, to: string): string | undefined => {
      const text = recording.files.get(file) ?? "";
      expect(text, file).to.contain(from);
      const files = new Map([...recording.files, [file, text.replace(from, to)]]);
      return compareRecording(corpusCase, { ...recording, files })?.file;
    };

    expect(spoilt("restore-000.txt", "-j DNAT", "-j ACCEPT")).to.equal("restore 1");
    expect(spoilt("save.txt", "-j DNAT", "-j ACCEPT")).to.equal("save 1");
    expect(spoilt("healthcheck.txt", "200 OK", "404 Not Found")).to.equal("healthcheck.txt");
    expect(spoilt("sysctl.txt", "route_localnet = 1", "route_localnet = 0")).to.equal("sysctl.txt");
  });
});

describe("tools/corpus/canon", () => {
  const save = (...rules: string[]): string => ["*nat", ...rules, "COMMIT", ""].join("\n");
  const first = "-A KUBE-SERVICES -d 10.96.0.1/32 -p tcp -m tcp --dport 80 -j KUBE-SVC-A";
  const second = "-A KUBE-SERVICES -d 10.96.0.2/32 -p tcp -m tcp --dport 80 -j KUBE-SVC-B";
  const last = "-A KUBE-SERVICES -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS";

  it("does not mind the order of Services", () => {
    expect(firstDifference(save(first, second, last), save(last, second, first))).to.equal(null);
  });

  it("minds the order within a Service and in a chain of its own", () => {
    const masquerade = first.replace("KUBE-SVC-A", "KUBE-MARK-MASQ");
    const own = ["-A KUBE-SVC-A -j KUBE-SEP-B", "-A KUBE-SVC-A -j KUBE-SEP-A"];

    expect(firstDifference(save(first, masquerade), save(masquerade, first))).to.deep.equal({
      expected: first,
      actual: masquerade,
    });
    expect(firstDifference(save(...own), save(...own.toReversed()))).to.not.equal(null);
  });

  it("drops comments, COMMIT, empty lines and counters", () => {
    const text = "# args\n*nat\n:KUBE-B - [5:60]\n\n:KUBE-A - [0:0]\nCOMMIT\n";

    expect(canonicalRules(text)).to.deep.equal([
      "*nat",
      ":KUBE-A - [0:0]",
      ":KUBE-B - [0:0]",
      "COMMIT",
    ]);
  });

  it("says that a line is missing", () => {
    expect(firstDifference(save(first, second), save(first))).to.deep.equal({
      expected: second,
      actual: "COMMIT",
    });
  });

  it("hides the ports of the userspace proxy and no others", () => {
    const rules = [
      "-A KUBE-PORTALS-CONTAINER -d 10.96.0.1/32 -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 10412",
      "-A KUBE-PORTALS-HOST -d 10.96.0.1/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 172.18.0.2:10412",
      "-A KUBE-NODEPORT-NON-LOCAL -p tcp -m tcp --dport 10412 -m state --state NEW -j ACCEPT",
    ].join("\n");

    expect(withoutProxyPorts(rules).match(/PROXYPORT/g)).to.have.length(3);
    expect(withoutProxyPorts(rules).match(/--dport 80 /g)).to.have.length(2);
  });
});
