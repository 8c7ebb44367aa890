/**
 * Brace expansion: `a{b,c}` and `{1..3}` become several words before anything else is expanded.
 *
 * Spec: bash(1) 5.2, Brace Expansion.
 */
import type { Word, WordPart } from "../grammar/syntax.ts";

/** Either one unquoted character, or a part that braces do not look into. */
type Piece = string | WordPart;

/** The words that one becomes: itself if there are no braces in it. */
export function expandBraces(word: Word): readonly Word[] {
  const has = word.parts.some(
    (part) => part.kind === "literal" && !part.quoted && /\{/.test(part.text),
  );
  if (!has) return [word];
  const expanded = expand(word.parts.flatMap(piecesOf));
  if (expanded.length === 1) return [word];
  return expanded.map((pieces) => ({ parts: partsOf(pieces), text: word.text }));
}

function piecesOf(part: WordPart): Piece[] {
  return part.kind === "literal" && !part.quoted ? [...part.text] : [part];
}

function partsOf(pieces: readonly Piece[]): WordPart[] {
  const parts: WordPart[] = [];
  for (const piece of pieces) {
    const last = parts.at(-1);
    if (typeof piece !== "string") parts.push(piece);
    else if (last?.kind === "literal" && !last.quoted) {
      parts[parts.length - 1] = { ...last, text: last.text + piece };
    } else parts.push({ kind: "literal", text: piece, quoted: false });
  }
  return parts;
}

function expand(pieces: readonly Piece[]): Piece[][] {
  for (let open = pieces.indexOf("{"); open !== -1; open = pieces.indexOf("{", open + 1)) {
    const close = closing(pieces, open);
    if (close === -1) continue;
    const inner = pieces.slice(open + 1, close);
    const choices = alternatives(inner) ?? sequence(inner);
    if (choices === null) continue;
    const before = pieces.slice(0, open);
    const after = expand(pieces.slice(close + 1));
    return choices.flatMap((choice) =>
      expand(choice).flatMap((middle) => after.map((end) => [...before, ...middle, ...end])),
    );
  }
  return [[...pieces]];
}

function closing(pieces: readonly Piece[], open: number): number {
  let depth = 0;
  for (let at = open; at < pieces.length; at += 1) {
    if (pieces[at] === "{") depth += 1;
    else if (pieces[at] === "}") depth -= 1;
    if (depth === 0) return at;
  }
  return -1;
}

/** What stands between the commas; null without one. */
function alternatives(inner: readonly Piece[]): Piece[][] | null {
  const found: Piece[][] = [[]];
  let depth = 0;
  for (const piece of inner) {
    if (piece === "{") depth += 1;
    if (piece === "}") depth -= 1;
    if (piece === "," && depth === 0) found.push([]);
    else found.at(-1)?.push(piece);
  }
  return found.length > 1 ? found : null;
}

/** `1..5`, `01..10..2`, `a..e`; null for anything else. */
function sequence(inner: readonly Piece[]): Piece[][] | null {
  if (inner.some((piece) => typeof piece !== "string")) return null;
  const match = /^(-?[0-9]+|[A-Za-z])\.\.(-?[0-9]+|[A-Za-z])(?:\.\.(-?[0-9]+))?$/.exec(
    inner.join(""),
  );
  if (match === null) return null;
  const [, from = "", to = "", by = "1"] = match;
  const isNumber = /[0-9]/.test(from);
  if (isNumber !== /[0-9]/.test(to)) return null;
  const [first, last] = isNumber
    ? [Number(from), Number(to)]
    : [from.charCodeAt(0), to.charCodeAt(0)];
  const step = Math.max(1, Math.abs(Number(by))) * (first <= last ? 1 : -1);
  const width =
    /^-?0[0-9]/.test(from) || /^-?0[0-9]/.test(to) ? Math.max(from.length, to.length) : 0;
  const found: Piece[][] = [];
  for (let value = first; step > 0 ? value <= last : value >= last; value += step) {
    const text = isNumber ? String(value).padStart(width, "0") : String.fromCharCode(value);
    found.push([...text]);
  }
  return found;
}
