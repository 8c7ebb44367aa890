import { expect } from "chai";
import fc from "fast-check";
import { LineBlock, LineText } from "../../lib/base/line-text.ts";
import { Evaluator } from "../../lib/netfilter/evaluate.ts";
import { Hook } from "../../lib/netfilter/hooks.ts";
import { Netfilter } from "../../lib/netfilter/netfilter.ts";
import { Packet } from "../../lib/netfilter/packet.ts";
import { Verdict } from "../../lib/netfilter/rule.ts";
import type { Chain } from "../../lib/netfilter/table.ts";
import * as ipv4 from "../../lib/wire/ipv4.ts";
import { emptyHost } from "../../tools/empty-host.ts";

const address = fc.constantFrom("10.96.0.1", "10.96.0.2", "10.96.0.3");
const port = fc.constantFrom(80, 443, 53);
const match = fc.oneof(
  address.map((text) => `-d ${text}`),
  address.map((text) => `! -d ${text}`),
  fc.tuple(address, port).map(([text, number]) => `-d ${text} -p tcp -m tcp --dport ${number}`),
  port.map((number) => `-p tcp -m tcp --dport ${number}`),
  port.map((number) => `-p udp -m udp --dport ${number}`),
  fc.constant("-m statistic --mode nth --every 2 --packet 0"),
  port.map(
    (number) => `-p tcp -m statistic --mode nth --every 3 --packet 1 -m tcp --dport ${number}`,
  ),
  fc.constant("-m recent --set --name seen"),
  fc.constant("-m recent --rcheck --name seen"),
);
const target = fc.constantFrom(
  "",
  "-j U",
  "-g U",
  "-j ACCEPT",
  "-j DROP",
  "-j RETURN",
  "-j MARK --or-mark 1",
);
const rule = fc.tuple(match, target).map((parts) => parts.join(" "));
const packet = fc.record({
  destination: fc.constantFrom(0x0a600001, 0x0a600002, 0x0a600003, 0x0a600004),
  protocol: fc.constantFrom(6, 17, 1),
  port: fc.constantFrom(80, 443, 53, 8080),
  size: fc.constantFrom(40, 28, 24),
});

type RandomPacket = typeof packet extends fc.Arbitrary<infer T> ? T : never;

/** Restore text with rules in FORWARD, and in a user chain that other hosts may have alike. */
function input(rules: readonly string[], user: readonly string[]): LineText {
  const blocks = [
    ["*filter", ":FORWARD ACCEPT [0:0]"],
    [":U - [0:0]"],
    rules.map((text) => `-A FORWARD ${text}`),
    user.map((text) => `-A U ${text.replace(/-[jg] U/, "-j RETURN")}`),
    ["COMMIT"],
  ];
  return new LineText(blocks.map((lines) => new LineBlock(lines)));
}

function load(text: string | LineText): Netfilter {
  const netfilter = new Netfilter(emptyHost());
  netfilter.restore(text);
  return netfilter;
}

/** What decides about a packet that comes to a built-in chain. */
type Walk = (base: Chain, packet: Packet) => Verdict;

/** The walk that looks at every rule. */
function overEveryRule(base: Chain, packet: Packet): Verdict {
  const verdict = throughChain(base, packet);
  if (verdict !== Verdict.CONTINUE) return verdict;
  if (base.counts) {
    base.packets += 1;
    base.bytes += packet.length;
  }
  return base.policyAccepts ? Verdict.ACCEPT : Verdict.DROP;
}

/** CONTINUE: the packet came to the end of the chain, or was sent back. */
function throughChain(chain: Chain, packet: Packet): Verdict {
  for (const one of chain.rules) {
    const matches = one.matchesPacket(packet);
    if (!matches && packet.hotDrop) return Verdict.DROP;
    if (!matches) continue;
    one.packets += 1;
    one.bytes += packet.length;
    let verdict = one.target === null ? one.verdict : one.target.apply(packet);
    if (one.jump !== null) verdict = throughChain(one.jump, packet);
    if (one.isGoto && one.jump !== null) return verdict;
    if (verdict === Verdict.RETURN) return Verdict.CONTINUE;
    if (verdict !== Verdict.CONTINUE) return verdict;
  }
  return Verdict.CONTINUE;
}

/** Takes a packet through FORWARD of the filter table; returns verdict and mark. */
function walk(netfilter: Netfilter, through: Walk, one: RandomPacket): [Verdict, number] {
  const frame = netfilter.host.pool.takeForPayload(one.size);
  frame.bytes.fill(0, frame.start, frame.end);
  ipv4.write(frame.view, frame.start, {
    tos: 0,
    length: one.size,
    id: 0,
    fragment: 0,
    ttl: 64,
    protocol: one.protocol,
    source: 0x0a000001,
    destination: one.destination,
  });
  if (one.size >= 24) frame.view.setUint16(frame.start + 22, one.port);
  frame.l3 = frame.start;
  const at = new Packet();
  at.begin(Hook.FORWARD, frame, null, null);
  const chain = netfilter.table("filter")?.base[Hook.FORWARD];
  const verdict = through(chain!, at);
  const { mark } = frame;
  frame.deliver();
  return [verdict, mark];
}

describe("netfilter/chain-index", () => {
  it("gives verdicts, marks and counters of the walk over every rule", () => {
    fc.assert(
      fc.property(
        fc.array(rule, { minLength: 8, maxLength: 30 }),
        fc.array(rule, { maxLength: 20 }),
        fc.array(packet, { minLength: 1, maxLength: 20 }),
        (rules, user, packets) => {
          const text = input(rules, user);
          const linear = load(text.text);
          const indexed = [load(text), load(text), load(text.text)];
          const evaluator = new Evaluator();
          const byIndex: Walk = (base, one) => evaluator.run(base, one, null);

          for (const one of packets) {
            const outcome = walk(linear, overEveryRule, one);
            for (const host of indexed) expect(walk(host, byIndex, one)).to.deep.equal(outcome);
          }

          const counted = linear.save(null, { counters: true });
          for (const host of indexed) {
            expect(host.save(null, { counters: true })).to.equal(counted);
          }
        },
      ),
      { numRuns: 150 },
    );
  });
});
