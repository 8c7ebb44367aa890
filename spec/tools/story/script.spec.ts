import { expect } from "chai";
import { parseScript } from "../../../tools/story/script.ts";

function problemOf(text: string): string {
  try {
    parseScript(text, "story.md");
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return "";
}

describe("tools/story/script", () => {
  it("joins the lines of a paragraph", () => {
    const { title, passages } = parseScript("# S1. Pods\n\none\ntwo\n\nthree\n", "story.md");

    expect(title).to.equal("S1. Pods");
    expect(passages).to.deep.equal([
      { kind: "text", text: "one two" },
      { kind: "text", text: "three" },
    ]);
  });

  it("reads blocks: a step's output, frames, the timeline, costs, display filters", () => {
    const text = [
      "# Title",
      "```show rules\n^-A KUBE\n```",
      "```show other:rules\n```",
      "```frames 4 h1/eth0 h2/eth0\ntcp[syn]\n```",
      "```timeline delete\nkubelet\n```",
      "```costs userspace iptables\n```",
      "```wireshark userspace\ntcp.flags.syn == 1   the handshakes\n```",
    ].join("\n");

    const { passages } = parseScript(text, "story.md");

    expect(passages).to.deep.equal([
      { kind: "show", lab: "", step: "rules", only: [/^-A KUBE/u] },
      { kind: "show", lab: "other", step: "rules", only: [] },
      { kind: "frames", lab: "", most: 4, interfaces: ["h1/eth0", "h2/eth0"], filter: "tcp[syn]" },
      { kind: "timeline", lab: "", step: "delete", only: [/kubelet/u] },
      { kind: "costs", labs: ["userspace", "iptables"] },
      {
        kind: "wireshark",
        lab: "userspace",
        filters: [{ filter: "tcp.flags.syn == 1", shows: "the handshakes" }],
      },
    ]);
  });

  it("says where a script is wrong", () => {
    expect(problemOf("words\n")).to.match(/^story\.md:1:1: .*no heading/);
    expect(problemOf("# T\n\n```show\n```\n")).to.match(/^story\.md:3:1: .*show/);
    expect(problemOf("# T\n```show a\n")).to.match(/^story\.md:2:1: .*without an end/);
    expect(problemOf("# T\n```play a\n```\n")).to.match(/show, frames, timeline/);
    expect(problemOf("# T\n```wireshark\ntcp\n```\n")).to.match(/two blanks/);
    expect(problemOf("# T\n\n```show a\n(\n```\n")).to.match(
      /^story\.md:4:1: .*regular expression/,
    );
  });
});
