/** Typings for the part of buffer-layout 1.2.2 that `layout.ts` uses; the package has none. */
declare module "buffer-layout" {
  export class Layout<T = unknown> {
    readonly span: number;
    readonly property: string | undefined;
    decode(buffer: Buffer, offset?: number): T;
    encode(value: T, buffer: Buffer, offset?: number): number;
  }
  export class BitField {
    readonly property: string;
    readonly bits: number;
    readonly start: number;
    readonly valueMask: number;
  }
  export class BitStructure extends Layout<Record<string, number>> {
    readonly fields: BitField[];
    readonly word: Layout<number>;
    addField(bits: number, property: string): BitField;
  }
  export class Structure extends Layout<Record<string, unknown>> {
    readonly fields: Layout[];
    offsetOf(property: string): number | undefined;
  }
  export function u8(property?: string): Layout<number>;
  export function u16(property?: string): Layout<number>;
  export function u16be(property?: string): Layout<number>;
  export function u32(property?: string): Layout<number>;
  export function u32be(property?: string): Layout<number>;
  export function nu64be(property?: string): Layout<number>;
  export function u48be(property?: string): Layout<number>;
  export function bits(word: Layout<number>, msb: boolean, property?: string): BitStructure;
  export function struct(fields: Layout[], property?: string): Structure;
}
