import { expect } from "chai";
import * as fc from "fast-check";
import { fromHex } from "../../lib/base/bytes.ts";
import { dissect, findField } from "../../lib/capture/dissect.ts";
import { arpFrame, icmpFrame, tcpFrame, udpFrame } from "../support/frames.ts";

describe("capture/dissect", () => {
  it("names fields and their places in the bytes", () => {
    const layers = dissect(
      tcpFrame({ ttl: 63, flags: 0x12, window: 65160, payload: Uint8Array.of(1) }),
    );

    expect(layers.map(({ name, at, end }) => [name, at, end])).to.deep.equal([
      ["eth", 0, 14],
      ["ip", 14, 34],
      ["tcp", 34, 54],
      ["data", 54, 55],
    ]);
    expect(findField(layers, "ip.ttl")).to.deep.equal({
      name: "ttl",
      value: 63,
      text: "63",
      at: 22,
      length: 1,
    });
    expect(findField(layers, "tcp.flags")?.text).to.equal("S.");
    expect(findField(layers, "ip.source")?.text).to.equal("10.0.0.1");
    expect(findField(layers, "ip.df")?.value).to.equal(1);
  });

  it("names options in their order and their values", () => {
    const options = fromHex("020405b40402080a000000050000000601030307");
    const layers = dissect(tcpFrame({ options }));

    expect(findField(layers, "tcp.options")?.text).to.equal("mss,sackOK,TS,nop,wscale");
    expect(findField(layers, "tcp.mss")?.value).to.equal(1460);
    expect(findField(layers, "tcp.timestampValue")).to.include({ value: 5, at: 62, length: 4 });
    expect(findField(layers, "tcp.timestampEcho")?.value).to.equal(6);
    expect(findField(layers, "tcp.windowScale")?.value).to.equal(7);
  });

  it("names the packet that an ICMP error quotes, which may be cut after eight bytes [RFC 792]", () => {
    const quoted = tcpFrame({ sequence: 77 }).subarray(14, 14 + 28);
    const layers = dissect(icmpFrame({}, 3, 3, 0, quoted));

    expect(layers.map(({ name }) => name)).to.deep.equal([
      "eth",
      "ip",
      "icmp",
      "icmp.ip",
      "icmp.tcp",
    ]);
    expect(findField(layers, "icmp.tcp.sequence")?.value).to.equal(77);
    expect(findField(layers, "icmp.tcp.window")).to.equal(null);
  });

  it("shows padding behind the packet as a trailer", () => {
    const padded = Buffer.concat([udpFrame({}), Buffer.alloc(4, 0xee)]);

    expect(dissect(padded).at(-1)).to.deep.include({ name: "trailer", at: 42, end: 46 });
  });

  it("turns damage into a layer", () => {
    const cut = dissect(tcpFrame({}).subarray(0, 50));

    expect(cut.map(({ name }) => name)).to.deep.equal(["eth", "damage"]);
    expect(cut.at(-1)?.fields[0]?.text).to.equal("not a whole IPv4 packet");
  });

  it("never throws and covers every byte once, whatever the bytes", () => {
    const seeds = [
      arpFrame(1, "10.0.0.1", "10.0.0.2"),
      tcpFrame({ options: fromHex("020405b40402080a000000050000000601030307") }),
      udpFrame({ payload: new Uint8Array(40) }),
      icmpFrame({}, 11, 0, 0, tcpFrame({}).subarray(14)),
    ];
    fc.assert(
      fc.property(
        fc.constantFrom(...seeds),
        fc.array(fc.tuple(fc.nat(90), fc.nat(255)), { maxLength: 5 }),
        fc.nat(90),
        (seed, changes, cut) => {
          const bytes = Buffer.from(seed);
          for (const [at, value] of changes) bytes[at] = value;
          const frame = bytes.subarray(0, cut);

          const layers = dissect(frame);

          let at = 0;
          for (const layer of layers) {
            expect(layer.at).to.equal(at);
            at = layer.end;
          }
          expect(at).to.equal(frame.length);
        },
      ),
      { numRuns: 500 },
    );
  });
});
