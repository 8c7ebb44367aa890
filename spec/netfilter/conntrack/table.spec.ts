import { expect } from "chai";
import fc from "fast-check";
import { Connection, Direction } from "../../../lib/netfilter/conntrack/connection.ts";
import { Conntrack } from "../../../lib/netfilter/conntrack/conntrack.ts";
import { ConnectionTable } from "../../../lib/netfilter/conntrack/table.ts";
import { Tuple } from "../../../lib/netfilter/conntrack/tuple.ts";
import { emptyHost } from "../../../tools/empty-host.ts";

const conntrack = new Conntrack(emptyHost());

function connection(number: number): Connection {
  const made = new Connection(conntrack);
  // Few addresses and many ports, as a gateway sees them.
  made.original.set(0x0a000001 + (number % 3), 0x0a600001, (number << 16) | 80, 6);
  made.reply.invert(made.original);
  made.id = number;
  return made;
}

describe("netfilter/conntrack/table", () => {
  it("finds what was added under both tuples, and nothing that was removed", () => {
    const steps = fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 60 })), {
      maxLength: 300,
    });
    fc.assert(
      fc.property(steps, (actions) => {
        const table = new ConnectionTable();
        const known = new Map<number, Connection>();
        for (const [add, number] of actions) {
          const there = known.get(number);
          if (add && there === undefined) {
            const made = connection(number);
            table.add(made);
            known.set(number, made);
          } else if (!add && there !== undefined) {
            table.remove(there);
            known.delete(number);
          }
        }

        expect(table.size).to.equal(known.size);
        for (let number = 0; number <= 60; number += 1) {
          const wanted = connection(number);
          expect(table.find(wanted.original, 0)).to.equal(known.get(number) ?? null);
          const answer = new Tuple();
          answer.invert(wanted.original);
          const found = table.find(answer, 0);
          expect(found).to.equal(known.get(number) ?? null);
          if (found !== null) expect(table.foundDirection).to.equal(Direction.REPLY);
        }
      }),
    );
  });

  it("keeps its promises while it grows", () => {
    const table = new ConnectionTable();
    const all = Array.from({ length: 5000 }, (_, number) => connection(number));
    for (const one of all) table.add(one);

    expect(all.every((one) => table.find(one.original, 0) === one)).to.equal(true);
    expect(table.find(all[7]!.original, 1)).to.equal(null);
  });
});
