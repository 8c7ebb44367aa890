/**
 * The unified difference of two texts, line by line, as go-difflib finds it: the longest block that
 * both have, then the same to the left and to the right of it.
 *
 * Spec: Python's difflib (SequenceMatcher, unified_diff), which github.com/pmezard/go-difflib ports.
 */

/** Lines that stay around a change. */
const CONTEXT = 3;
/** In texts of so many lines, frequent lines do not begin a block. */
const MANY_LINES = 200;

/** Lines `a` to `a + size` of the first text are those from `b` on of the second. */
interface Block {
  readonly a: number;
  readonly b: number;
  readonly size: number;
}

/** A stretch of both texts. */
interface Span {
  readonly isEqual: boolean;
  readonly a: readonly [from: number, to: number];
  readonly b: readonly [from: number, to: number];
}

/** Hunks with `@@` lines and three lines of context; "" if the texts are equal. */
export function unifiedDiff(before: string, after: string): string {
  const [a, b] = [before.split("\n"), after.split("\n")];
  return grouped(spansOf(blocksOf(a, b)))
    .map((hunk) => hunkText(hunk, a, b))
    .join("");
}

function hunkText(hunk: readonly Span[], a: readonly string[], b: readonly string[]): string {
  const [first, last] = [hunk[0], hunk.at(-1)];
  if (first === undefined || last === undefined) return "";
  const lines = hunk.flatMap((span) => {
    const [old, next] = [a.slice(...span.a), b.slice(...span.b)];
    return span.isEqual
      ? old.map((line) => ` ${line}`)
      : [...old.map((line) => `-${line}`), ...next.map((line) => `+${line}`)];
  });
  const ranges = `-${rangeText(first.a[0], last.a[1])} +${rangeText(first.b[0], last.b[1])}`;
  return [`@@ ${ranges} @@`, ...lines].map((line) => `${line}\n`).join("");
}

function rangeText(from: number, to: number): string {
  const length = to - from;
  if (length === 1) return String(from + 1);
  return `${length === 0 ? from : from + 1},${length}`;
}

/** All blocks in order, and an empty one at the end of both. */
function blocksOf(a: readonly string[], b: readonly string[]): Block[] {
  const places = placesOf(b);
  const found: Block[] = [];
  const search = (aFrom: number, aTo: number, bFrom: number, bTo: number): void => {
    const block = longest(a, b, places, [aFrom, aTo], [bFrom, bTo]);
    if (block.size === 0) return;
    if (aFrom < block.a && bFrom < block.b) search(aFrom, block.a, bFrom, block.b);
    found.push(block);
    const [aNext, bNext] = [block.a + block.size, block.b + block.size];
    if (aNext < aTo && bNext < bTo) search(aNext, aTo, bNext, bTo);
  };
  search(0, a.length, 0, b.length);
  return [...found, { a: a.length, b: b.length, size: 0 }];
}

/** Where each line stands in the second text, without those that stand in too many places. */
function placesOf(b: readonly string[]): ReadonlyMap<string, readonly number[]> {
  const places = new Map<string, number[]>();
  for (const [index, line] of b.entries()) {
    const known = places.get(line);
    if (known === undefined) places.set(line, [index]);
    else known.push(index);
  }
  if (b.length < MANY_LINES) return places;
  const most = Math.floor(b.length / 100) + 1;
  return new Map([...places].filter(([, indexes]) => indexes.length <= most));
}

function longest(
  a: readonly string[],
  b: readonly string[],
  places: ReadonlyMap<string, readonly number[]>,
  [aFrom, aTo]: readonly [number, number],
  [bFrom, bTo]: readonly [number, number],
): Block {
  let best: Block = { a: aFrom, b: bFrom, size: 0 };
  let lengths = new Map<number, number>();
  for (let i = aFrom; i < aTo; i += 1) {
    const next = new Map<number, number>();
    for (const j of places.get(a[i] ?? "") ?? []) {
      if (j < bFrom) continue;
      if (j >= bTo) break;
      const size = (lengths.get(j - 1) ?? 0) + 1;
      next.set(j, size);
      if (size > best.size) best = { a: i - size + 1, b: j - size + 1, size };
    }
    lengths = next;
  }
  // Frequent lines around it belong to it.
  let { a: start, b: other, size } = best;
  while (start > aFrom && other > bFrom && a[start - 1] === b[other - 1]) {
    start -= 1;
    other -= 1;
    size += 1;
  }
  while (start + size < aTo && other + size < bTo && a[start + size] === b[other + size]) size += 1;
  return { a: start, b: other, size };
}

function spansOf(blocks: readonly Block[]): Span[] {
  const spans: Span[] = [];
  let [i, j] = [0, 0];
  for (const { a, b, size } of blocks) {
    if (i < a || j < b) spans.push({ isEqual: false, a: [i, a], b: [j, b] });
    if (size > 0) spans.push({ isEqual: true, a: [a, a + size], b: [b, b + size] });
    [i, j] = [a + size, b + size];
  }
  return spans;
}

/** Changes with their context, those that are near each other in one. */
function grouped(spans: readonly Span[]): Span[][] {
  const groups: Span[][] = [];
  let group: Span[] = [];
  for (const [index, { isEqual, a, b }] of spans.entries()) {
    const isFirst = index === 0;
    const isLast = index === spans.length - 1;
    if (!isEqual) {
      group.push({ isEqual, a, b });
      continue;
    }
    const length = a[1] - a[0];
    const tail = Math.min(length, CONTEXT);
    const ending: Span = { isEqual, a: [a[1] - tail, a[1]], b: [b[1] - tail, b[1]] };
    const opening: Span = { isEqual, a: [a[0], a[0] + tail], b: [b[0], b[0] + tail] };
    if (isFirst) group.push(ending);
    else if (isLast) group.push(opening);
    else if (length <= 2 * CONTEXT) group.push({ isEqual, a, b });
    else {
      groups.push([...group, opening]);
      group = [ending];
    }
  }
  groups.push(group);
  return groups.filter((each) => each.some(({ isEqual }) => !isEqual));
}
