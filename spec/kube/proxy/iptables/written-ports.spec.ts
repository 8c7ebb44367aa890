import { expect } from "chai";
import { LineBlock } from "../../../../lib/base/line-text.ts";
import type { PortBlocks } from "../../../../lib/kube/proxy/iptables/port-blocks.ts";
import {
  type PortChanges,
  type PortWriter,
  WrittenPorts,
  type WrittenStep,
} from "../../../../lib/kube/proxy/iptables/written-ports.ts";

/** Rules of a port with one chain, of a version. */
function blocks(key: string, version: string): PortBlocks {
  const chain = `${key} ${version}`;
  const block = (text: string): LineBlock => new LineBlock([text]);
  return {
    filter: null,
    shared: block(`jump ${chain}`),
    own: block(`rule ${chain}`),
    declared: block(`:${chain}`),
    chains: [chain],
  };
}

/** Changes of Services, each with a port. */
function changes(names: readonly string[], changed: readonly string[], full = false): PortChanges {
  const ports = new Map(names.map((name) => [`${name}:http:TCP`, null]));
  return { ports, changed: new Set(changed), portsChanged: full, full };
}

class Writer implements PortWriter {
  readonly settings = "";
  readonly written: string[] = [];
  readonly #version: string;
  readonly #own: ReadonlyMap<string, PortBlocks>;

  constructor(version: string, own: ReadonlyMap<string, PortBlocks> = new Map()) {
    this.#version = version;
    this.#own = own;
  }

  isOwn(key: string): boolean {
    return this.#own.has(key);
  }

  write(key: string): PortBlocks {
    this.written.push(key);
    return this.#own.get(key) ?? blocks(key, this.#version);
  }
}

function sync(from: WrittenPorts, change: PortChanges, writer: PortWriter): WrittenStep {
  return from.draft(change, () => 1).write(writer);
}

const lines = (list: readonly LineBlock[]): string[] => list.flatMap((block) => block.lines);

describe("kube/proxy/iptables/written-ports", () => {
  const all = changes(["a/x", "a/y"], [], true);

  it("writes what has changed, and of the rest what shared chains have", () => {
    const first = sync(WrittenPorts.NONE, all, new Writer("1")).next;
    const { input } = sync(first, changes(["a/x", "a/y"], ["a/y"]), new Writer("2"));

    expect(lines(input.declared)).to.deep.equal([":a/y:http:TCP 2"]);
    expect(lines(input.nat)).to.deep.equal([
      "jump a/x:http:TCP 1",
      "jump a/y:http:TCP 2",
      "rule a/y:http:TCP 2",
    ]);
  });

  it("does not write again what was written of the same changes", () => {
    const first = sync(WrittenPorts.NONE, all, new Writer("1"));
    const another = new Writer("1");

    expect(sync(WrittenPorts.NONE, all, another)).to.equal(first);
    expect(another.written).to.deep.equal([]);
  });

  it("goes apart where the rules of a port are others", () => {
    const here = changes(["a/x", "a/y"], [], true);
    const key = "a/x:http:TCP";
    const [mine, theirs] = ["mine", "theirs"].map((version) => {
      return new Map([[key, blocks(key, version)]]);
    });
    const first = sync(WrittenPorts.NONE, here, new Writer("1", mine));

    expect(sync(WrittenPorts.NONE, here, new Writer("1", theirs))).not.to.equal(first);
    expect(sync(WrittenPorts.NONE, here, new Writer("1", mine))).to.equal(first);
  });

  it("leaves chains with the number they were made by, until they are swept", () => {
    const first = sync(WrittenPorts.NONE, all, new Writer("1")).next;
    const second = sync(first, changes(["a/x", "a/y"], ["a/y"]), new Writer("2")).next;
    const third = sync(second, changes(["a/x", "a/y"], ["a/x"]), new Writer("2")).next;

    expect([...third.left]).to.deep.equal([
      ["a/y:http:TCP 1", 2],
      ["a/x:http:TCP 1", 1],
    ]);
    expect(third.swept().left.size).to.equal(0);
    expect(third.swept()).to.equal(third.swept());
    expect([...third.chains]).to.deep.equal(["a/x:http:TCP 2", "a/y:http:TCP 2"]);
  });

  it("gives a chain that comes back its number", () => {
    const first = sync(WrittenPorts.NONE, all, new Writer("1")).next;
    const change = (): PortChanges => changes(["a/x", "a/y"], ["a/x"]);
    const away = sync(first, change(), new Writer("2")).next;
    const back = sync(away, change(), new Writer("1")).next;

    expect(back.ports.ofService("a/x")[0]?.numbers).to.deep.equal([1]);
    expect([...back.left.keys()]).to.deep.equal(["a/x:http:TCP 2"]);
  });
});
