/**
 * Puts an input of iptables-restore together: the filter table, then the nat table, each with the
 * chains it declares and its rules. Blocks that say the same are the same, on whichever node and in
 * whichever sync they are written. Pure text.
 */
import { LineBlock, LineText } from "../../../base/line-text.ts";
import { declare } from "./base-rules.ts";

/** One table's part. */
export interface TableText {
  readonly name: "filter" | "nat";
  /** Lines that declare chains, each of which is emptied if it is there; then rules. */
  readonly blocks: readonly LineBlock[];
}

const COMMIT = new LineBlock(["COMMIT"]);
const HEADS = { filter: new LineBlock(["*filter"]), nat: new LineBlock(["*nat"]) } as const;

/** The input for `tables`. */
export function restoreText(tables: readonly TableText[]): LineText {
  const blocks: LineBlock[] = [];
  for (const { name, blocks: own } of tables) {
    blocks.push(HEADS[name]);
    for (const block of own) blocks.push(block);
    blocks.push(COMMIT);
  }
  return textOf(blocks);
}

/** The last inputs: the next node's is as a rule one of them. */
const last: LineText[] = [];
const MAX_LAST = 8;

/** The same text for the same blocks. */
function textOf(blocks: readonly LineBlock[]): LineText {
  const known = last.find((text) => sameBlocks(text.blocks, blocks));
  if (known !== undefined) return known;
  const text = new LineText(blocks);
  last.unshift(text);
  if (last.length > MAX_LAST) last.pop();
  return text;
}

/** Small blocks by their text. */
const written = new Map<string, LineBlock>();
/** With more than these, all are forgotten. */
const MAX_WRITTEN = 1 << 10;

/** The block of few lines that come again and again. */
export function blockOf(lines: readonly string[]): LineBlock {
  const text = lines.join("\n");
  let block = written.get(text);
  if (block === undefined) {
    block = new LineBlock(lines);
    if (written.size >= MAX_WRITTEN) written.clear();
    written.set(text, block);
  }
  return block;
}

/** The block that declares chains. */
export function declarations(chains: readonly string[]): LineBlock {
  return blockOf(chains.map(declare));
}

/** Blocks that were joined, by the first of them. */
const joined = new WeakMap<LineBlock, { parts: readonly LineBlock[]; whole: LineBlock }[]>();
/** As many of each first block are remembered: nodes are not all at the same sync. */
const MAX_JOINED = 4;

/** The lines of all `parts` as one block; null if there are none. */
export function joinBlocks(parts: readonly LineBlock[]): LineBlock | null {
  const [first] = parts;
  if (first === undefined || parts.length === 1) return first ?? null;
  const before = joined.get(first) ?? [];
  const known = before.find((one) => sameBlocks(one.parts, parts));
  if (known !== undefined) return known.whole;
  const whole = new LineBlock(parts.flatMap(({ lines }) => lines));
  joined.set(first, [{ parts, whole }, ...before.slice(0, MAX_JOINED - 1)]);
  return whole;
}

function sameBlocks(a: readonly LineBlock[], b: readonly LineBlock[]): boolean {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index += 1) if (a[index] !== b[index]) return false;
  return true;
}
