/**
 * Compression of the names in a DNS message: a suffix that stood in the message before is replaced
 * by a pointer to it. Owner names are compressed, and the names inside of CNAME, NS, PTR and SOA.
 *
 * Spec: RFC 1035 §4.1.4; RFC 3597 §4 (which types: not SRV).
 */

const HEADER_SIZE = 12;
const POINTER = 0xc000;
/** A pointer has 14 bits. */
const MAX_POINTER = 0x3fff;
const NS = 2;
const CNAME = 5;
const SOA = 6;
const PTR = 12;

/** The same message with its names compressed. `message` has none compressed; it is borrowed. */
export function compressNames(message: Buffer): Buffer {
  return new Compressor(message).run();
}

class Compressor {
  readonly #in: Buffer;
  readonly #out: Buffer;
  #at = 0;
  #end = 0;
  /** Where a name stands in the output, by its labels in their presentation. */
  readonly #known = new Map<string, number>();

  constructor(message: Buffer) {
    this.#in = message;
    this.#out = Buffer.alloc(message.length);
  }

  run(): Buffer {
    this.#copy(HEADER_SIZE);
    const questions = this.#in.readUInt16BE(4);
    for (let index = 0; index < questions; index += 1) {
      this.#name();
      this.#copy(4);
    }
    const records = this.#in.readUInt16BE(6) + this.#in.readUInt16BE(8) + this.#in.readUInt16BE(10);
    for (let index = 0; index < records; index += 1) this.#record();
    return this.#out.subarray(0, this.#end);
  }

  #record(): void {
    this.#name();
    const type = this.#in.readUInt16BE(this.#at);
    const length = this.#in.readUInt16BE(this.#at + 8);
    this.#copy(10);
    const start = this.#end;
    const dataEnd = this.#at + length;
    if (type === NS || type === CNAME || type === PTR || type === SOA) this.#name();
    if (type === SOA) this.#name();
    this.#copy(dataEnd - this.#at);
    this.#out.writeUInt16BE(this.#end - start, start - 2);
  }

  #copy(count: number): void {
    this.#in.copy(this.#out, this.#end, this.#at, this.#at + count);
    this.#at += count;
    this.#end += count;
  }

  #name(): void {
    const end = nameEnd(this.#in, this.#at);
    while (this.#in[this.#at] !== 0) {
      const suffix = this.#in.toString("latin1", this.#at, end);
      const known = this.#known.get(suffix);
      if (known !== undefined) {
        this.#end = this.#out.writeUInt16BE(POINTER | known, this.#end);
        this.#at = end;
        return;
      }
      if (this.#end <= MAX_POINTER) this.#known.set(suffix, this.#end);
      this.#copy(1 + (this.#in[this.#at] ?? 0));
    }
    this.#copy(1);
  }
}

/** Behind the root label of the name at `at`. */
function nameEnd(message: Buffer, at: number): number {
  let end = at;
  for (let length = message[end] ?? 0; length !== 0; length = message[end] ?? 0) end += length + 1;
  return end + 1;
}
