import { expect } from "chai";
import { formatRecord, TraceListener, type TraceRecord } from "../../lib/netfilter/trace.ts";
import { FLAG_ACK, FLAG_SYN } from "../../lib/wire/tcp.ts";
import { FakeRouter } from "../../tools/fuzz/fake-router.ts";
import { segment } from "../../tools/fuzz/packet-bytes.ts";

/** The steps of packets that the router traces from now on. */
function traced(router: FakeRouter): TraceRecord[] {
  const records: TraceRecord[] = [];
  router.netfilter.trace = new TraceListener(router.cpu, (record) => records.push(record));
  return records;
}

/** The lines that xtables-monitor prints for them. */
function linesOf(records: readonly TraceRecord[]): string[] {
  const texts = records.map((record, index) => formatRecord(record, records[index - 1] ?? null));
  return texts.join("").split("\n");
}

describe("netfilter/trace", () => {
  it("tells each rule and policy of a traced packet in the words of xtables-monitor", () => {
    const router = new FakeRouter();
    const records = traced(router);
    router.netfilter.restore(
      "*raw\n-A PREROUTING -p tcp -j TRACE\nCOMMIT\n*filter\n:U - [0:0]\n-A FORWARD -p udp\n-A FORWARD -p tcp -j U\n-A U -j MARK --set-mark 5\nCOMMIT\n",
    );

    router.inject("a", segment(0x0a010002, 0x0a020002, 1, 2, 3, 0, FLAG_SYN, 0));

    const lines = linesOf(records).filter((line) => line.startsWith(" TRACE"));
    expect(lines).to.deep.equal([
      " TRACE: 2 00000001 raw:PREROUTING:rule:0x1:CONTINUE  -4 -t raw -A PREROUTING -p tcp -j TRACE",
      " TRACE: 2 00000001 raw:PREROUTING:policy:ACCEPT ",
      " TRACE: 2 00000001 filter:FORWARD:rule:0x2:JUMP:U  -4 -t filter -A FORWARD -p tcp -j U",
      " TRACE: 2 00000001 filter:U:rule:0x1:CONTINUE  -4 -t filter -A U -j MARK --set-xmark 0x5/0xffffffff",
      " TRACE: 2 00000001 filter:FORWARD:policy:ACCEPT ",
    ]);
  });

  it("shows the packet as it is in each table, addresses and flags as the tool writes them", () => {
    const router = new FakeRouter();
    const records = traced(router);
    router.netfilter.restore("*raw\n-A PREROUTING -p tcp -j TRACE\nCOMMIT\n");

    router.inject("a", segment(0x0a010002, 0x0a020002, 1, 2, 3, 0, FLAG_SYN | FLAG_ACK, 0));

    const [first = ""] = linesOf(records);
    expect(first).to.match(
      /^PACKET: 2 00000001 IN=va MACSRC=2(:[1-9a-f]?[0-9a-f]){5} MACDST=2(:[1-9a-f]?[0-9a-f]){5} MACPROTO=0800 SRC=10.1.0.2 DST=10.2.0.2 LEN=52 TOS=0x0 TTL=\d+ ID=\d+ DF SPORT=1 DPORT=2 ACK SYN $/,
    );
  });

  it("says nothing of packets that no TRACE rule has met", () => {
    const router = new FakeRouter();
    const records = traced(router);
    router.netfilter.restore("*filter\n-A FORWARD -j ACCEPT\nCOMMIT\n");

    router.inject("a", segment(0x0a010002, 0x0a020002, 1, 2, 3, 0, FLAG_SYN, 0));

    expect(records).to.deep.equal([]);
  });
});
