import { expect } from "chai";
import fc from "fast-check";
import { SendMemory, type SendSkb } from "../../../lib/transport/tcp/send-skb.ts";

const GOAL = 64 * 1024;

/** What is done to one of the sockets. */
interface Step {
  readonly socket: number;
  readonly kind: "append" | "next" | "split" | "merge" | "release";
  readonly count: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  socket: fc.nat(2),
  kind: fc.constantFrom("append", "append", "append", "next", "split", "merge", "release"),
  count: fc.oneof(fc.integer({ min: 1, max: 900 }), fc.integer({ min: 1, max: 20_000 })),
});

/** A socket's segments, and beside each what it must hold. */
class Sender {
  readonly memory = new SendMemory();
  readonly segments: { readonly skb: SendSkb; bytes: number[] }[] = [];
  #written = 0;

  perform({ socket, kind, count }: Step): void {
    const last = this.segments.at(-1);
    const before = this.segments.at(-2);
    if (kind === "append" && last !== undefined) {
      const fits = Math.min(count, GOAL - last.bytes.length);
      const bytes = Array.from(
        { length: fits },
        (_, at) => (this.#written + at + 85 * socket) & 255,
      );
      this.#written += fits;
      this.memory.append(last.skb, Buffer.from(bytes), 0, fits, GOAL);
      last.bytes.push(...bytes);
    } else if (kind === "split" && last !== undefined && last.bytes.length > count) {
      const skb = this.memory.take();
      this.memory.split(last.skb, skb, count);
      this.segments.push({ skb, bytes: last.bytes.splice(count) });
    } else if (kind === "merge" && last !== undefined && before !== undefined) {
      if (before.bytes.length + last.bytes.length > GOAL) return;
      this.memory.merge(before.skb, last.skb);
      before.bytes.push(...last.bytes);
      this.memory.release(last.skb, true);
      this.segments.pop();
    } else if (kind === "release" && this.segments.length > 1) {
      const [first] = this.segments.splice(0, 1);
      if (first !== undefined) this.memory.release(first.skb, true);
    } else this.segments.push({ skb: this.memory.take(), bytes: [] });
  }

  get held(): string[] {
    return this.segments.map(({ skb: { payload, payloadAt, length } }) =>
      Buffer.from(payload?.bytes.subarray(payloadAt, payloadAt + length) ?? []).toString("hex"),
    );
  }
}

describe("transport/tcp/send-skb", () => {
  it("keeps what each socket has to send, whatever happens to its segments", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const senders = [new Sender(), new Sender(), new Sender()];
        for (const one of steps) senders[one.socket]?.perform(one);

        for (const { held, segments } of senders) {
          const expected = segments.map(({ bytes }) => Buffer.from(bytes).toString("hex"));
          expect(held).to.deep.equal(expected);
        }
      }),
      { numRuns: 100 },
    );
  });

  it("takes little memory for a socket that sends a line", () => {
    const memory = new SendMemory();
    const skb = memory.take();

    memory.append(skb, Buffer.alloc(100), 0, 100, GOAL);

    expect(skb.payload?.bytes.length).to.be.lessThan(4096);
  });

  it("takes room for a whole segment where the first write is one", () => {
    const memory = new SendMemory();
    const skb = memory.take();

    memory.append(skb, Buffer.alloc(GOAL / 2), 0, GOAL / 2, GOAL);
    const chunk = skb.payload;
    memory.append(skb, Buffer.alloc(GOAL / 2), 0, GOAL / 2, GOAL);

    expect(skb.payload).to.equal(chunk);
  });
});
