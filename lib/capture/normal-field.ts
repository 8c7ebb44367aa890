/** What a field of a frame becomes before it is compared; see `normalise.ts`. */

/** What a field's value becomes. */
export interface NormalValue {
  readonly text: string;
  /** For a timestamp echo: the first and last frame of the peer that had sent the value. */
  readonly echo: readonly [number, number] | null;
  /** For a timestamp value, and an echo: by how many ms it is off against the times of capture. */
  readonly offMs: number | null;
}

/** A field to compare. */
export interface NormalField extends NormalValue {
  /** `tcp.window`, `icmp.ip.ttl`. */
  readonly path: string;
}
