import { expect } from "chai";
import { DnsStreams } from "../../lib/capture/dns-streams.ts";

/** Two messages of 12 and 20 bytes with their lengths in front. */
function twoMessages(): DataView {
  const view = new DataView(new ArrayBuffer(2 + 12 + 2 + 20));
  view.setUint16(0, 12);
  view.setUint16(14, 20);
  return view;
}

describe("capture/dns-streams", () => {
  it("finds all messages that begin in one segment", () => {
    const view = twoMessages();

    const found = new DnsStreams().messagesIn("a", 1, view, { at: 0, length: 36 });

    expect(found).to.deep.equal([0, 14]);
  });

  it("finds a message that begins in a later segment, sent once or again", () => {
    const streams = new DnsStreams();
    const view = twoMessages();
    streams.messagesIn("a", 1, view, { at: 0, length: 10 });

    const later = () => streams.messagesIn("a", 11, view, { at: 10, length: 26 });

    expect(later()).to.deep.equal([4]);
    expect(later()).to.deep.equal([4]);
    expect(streams.messagesIn("a", 1, view, { at: 0, length: 36 })).to.deep.equal([0, 14]);
  });

  it("keeps connections apart, and names nothing in a segment that only goes on", () => {
    const streams = new DnsStreams();
    const view = twoMessages();
    streams.messagesIn("a", 1, view, { at: 0, length: 36 });

    expect(streams.messagesIn("b", 15, view, { at: 14, length: 22 })).to.deep.equal([]);
    expect(streams.messagesIn("a", 20, view, { at: 19, length: 17 })).to.deep.equal([]);
  });
});
