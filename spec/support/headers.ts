/**
 * For the specs of headers: recorded frames, dirty buffers, and the properties that every header has.
 */
import { expect } from "chai";
import * as fc from "fast-check";
import { fromHex } from "../../lib/base/bytes.ts";
import type { Header } from "../../lib/wire/layout.ts";
import { viewOf } from "./frames.ts";

/** A Pod's question for its gateway, as tcpdump recorded it on a Linux 6.18 host. */
export const ARP_REQUEST = fromHex(
  "ffffffffffff02000af4010208060001080006040001 02000af40102 0af40102 000000000000 0af40101",
);
/** The SYN of a curl from 10.244.1.2 to the Service 10.96.12.34:80, recorded there too. */
export const SYN = fromHex(
  `02000000 01fe0200 0af40102 0800 4500003c2db740004006ea8d0af401020a600c22
   930c00505019e91100000000a002faf081500000 020405b40402080ab0b02c0c000000000103030a`,
);
/** Where its IPv4 and its TCP header begin. */
export const L3 = 14;
export const L4 = 34;

/** A buffer in which nothing is zero by accident. */
export function dirty(size: number): { bytes: Uint8Array; view: DataView } {
  const bytes = new Uint8Array(size).fill(0xa5);
  return { bytes, view: viewOf(bytes) };
}

/** Any bytes of the size of a header: accessor and declaration must read the same. */
export function agree(
  header: Header,
  fields: Record<string, (view: DataView, at: number) => number>,
): void {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: header.size + 3, maxLength: header.size + 3 }),
      fc.nat(3),
      (bytes, at) => {
        const decoded = header.decode(Buffer.from(bytes), at);
        for (const [name, read] of Object.entries(fields)) {
          const value = read(viewOf(bytes), at);
          const width = header.place(name).width;
          expect(width === 4 ? value >>> 0 : value, name).to.equal(decoded[name]);
        }
      },
    ),
  );
}
