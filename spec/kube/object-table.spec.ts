import { expect } from "chai";
import fc from "fast-check";
import type { ApiObject } from "../../lib/kube/api/types.ts";
import { ObjectTable } from "../../lib/kube/object-table.ts";

function pod(name: string, version: number): ApiObject {
  return { kind: "Pod", metadata: { name, resourceVersion: String(version) } } as ApiObject;
}

const change = fc.record({
  name: fc.constantFrom("a", "b", "c", "d"),
  act: fc.constantFrom("set", "delete", "list"),
});

describe("kube/object-table", () => {
  it("has what a map has, lists it by key, and says what was there, whatever comes and goes", () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 30 }), (changes) => {
        const table = new ObjectTable();
        const map = new Map<string, ApiObject>();
        for (const [version, { name, act }] of changes.entries()) {
          const before = map.get(name) ?? null;
          expect(table.get(name)).to.equal(before);
          if (act === "set") {
            const object = pod(name, version);
            expect(table.set(name, object)).to.equal(before);
            map.set(name, object);
          } else if (act === "delete") {
            expect(table.delete(name)).to.equal(before);
            map.delete(name);
          } else {
            const names = [...map.keys()].sort();
            expect(table.list()).to.deep.equal(names.map((each) => map.get(each)));
          }
          expect(table.size).to.equal(map.size);
          expect(new Set(table.values())).to.deep.equal(new Set(map.values()));
        }
      }),
    );
  });

  it("lists the same list until something changes", () => {
    const table = new ObjectTable();
    table.set("b", pod("b", 1));
    table.set("a", pod("a", 2));
    const list = table.list();

    expect(table.list()).to.equal(list);
    table.set("a", pod("a", 3));
    expect(table.list()).to.not.equal(list);
    expect(list[0]?.metadata.resourceVersion).to.equal("2");
  });
});
