/**
 * One declaration a header, with buffer-layout, from which everything else is derived at load: the
 * constant offsets that the packet path reads at, the decoded form that dissectors and diffs show,
 * and the size. Nothing here runs per frame.
 *
 * Bit groups are numbered from the most significant bit, as the RFCs draw them; buffer-layout's
 * own default is the other way round.
 */
import * as layouts from "buffer-layout";
import { assert, present } from "../base/assert.ts";

/** Where a field is: `offset` bytes into the header, `width` bytes; for a bit group its shift and mask. */
export interface FieldPlace {
  readonly name: string;
  readonly offset: number;
  readonly width: number;
  readonly shift: number;
  readonly mask: number;
}

/** A header, or any fixed block of bytes, as declared. */
export interface HeaderLayout {
  readonly name: string;
  /** Its size in bytes. */
  readonly size: number;
  readonly fields: readonly FieldPlace[];
}

type Declared = layouts.Layout | layouts.BitStructure;

/** An 8-bit field. */
export const u8 = (name: string): Declared => layouts.u8(name);
/** A 16-bit field in network order. */
export const u16 = (name: string): Declared => layouts.u16be(name);
/** A 32-bit field in network order. */
export const u32 = (name: string): Declared => layouts.u32be(name);
/** A 48-bit field in network order: MAC addresses. */
export const u48 = (name: string): Declared => layouts.u48be(name);

/** Fields of some bits within one byte, most significant first: `bits8(["version", 4], ["ihl", 4])`. */
export function bits8(...fields: readonly (readonly [string, number])[]): Declared {
  return bitGroup(layouts.u8(), fields);
}

/** Fields of some bits within two bytes in network order, most significant first. */
export function bits16(...fields: readonly (readonly [string, number])[]): Declared {
  return bitGroup(layouts.u16be(), fields);
}

/** Declares a header of fields in order. Field names are unique within it. */
export class Header implements HeaderLayout {
  readonly name: string;
  readonly size: number;
  readonly fields: readonly FieldPlace[];
  readonly #structure: layouts.Structure;

  constructor(name: string, declared: readonly Declared[]) {
    this.name = name;
    this.#structure = layouts.struct([...declared], name);
    this.size = this.#structure.span;
    this.fields = places(declared);
    const names = new Set(this.fields.map((field) => field.name));
    assert(names.size === this.fields.length, `a field name twice in header ${name}`);
  }

  /** Where a field is; `offset` is what the accessors of the packet path are built from. */
  place(name: string): FieldPlace {
    return present(
      this.fields.find((field) => field.name === name),
      `field ${name} of header ${this.name}`,
    );
  }

  /** Offset of a field in bytes. */
  at(name: string): number {
    return this.place(name).offset;
  }

  /** All fields by name, bit groups flattened. `bytes` must hold `size` bytes from `offset`. */
  decode(bytes: Buffer, offset: number): Record<string, number> {
    const decoded: Record<string, number> = {};
    for (const [name, value] of Object.entries(this.#structure.decode(bytes, offset))) {
      if (typeof value === "number") decoded[name] = value;
      else Object.assign(decoded, value);
    }
    return decoded;
  }

  /** Writes all fields; every field must be given, as a number without sign. */
  encode(values: Readonly<Record<string, number>>, bytes: Buffer, offset: number): void {
    for (const { name, offset: relative, width, shift, mask } of this.fields) {
      const value = values[name];
      assert(value !== undefined && value >= 0, `field ${name} of header ${this.name}`);
      const at = offset + relative;
      if (width > 4) bytes.writeUIntBE(value, at, width);
      else {
        const word = bytes.readUIntBE(at, width);
        const kept = mask === -1 ? 0 : word & ~(mask << shift);
        bytes.writeUIntBE(((value << shift) | kept) >>> 0, at, width);
      }
    }
  }
}

function bitGroup(word: layouts.Layout<number>, fields: readonly (readonly [string, number])[]) {
  const group = layouts.bits(word, true, `bits of ${fields.map(([name]) => name).join(", ")}`);
  for (const [name, width] of fields) group.addField(width, name);
  return group;
}

function places(declared: readonly Declared[]): FieldPlace[] {
  const found: FieldPlace[] = [];
  let offset = 0;
  for (const item of declared) {
    if (item instanceof layouts.BitStructure) {
      for (const { property, start, valueMask } of item.fields) {
        const place = { name: property, offset, width: item.span, shift: start, mask: valueMask };
        found.push(Object.freeze(place));
      }
    } else {
      const name = present(item.property, "the name of a field");
      found.push(Object.freeze({ name, offset, width: item.span, shift: 0, mask: -1 }));
    }
    offset += item.span;
  }
  return found;
}
