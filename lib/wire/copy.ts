/**
 * Copying between the memories of frames and files. A bulk copy costs about 100 ns before it moves
 * the first byte, for the view that it needs, so few bytes are moved word by word.
 */

/** Up to this size a loop over words is faster than a bulk copy. */
export const SMALL_COPY_BYTES = 128;

/** Copies `length` bytes, at most some hundred, from `at` of `from` to `toAt` of `to`. @hot */
export function copySmall(
  from: DataView,
  at: number,
  to: DataView,
  toAt: number,
  length: number,
): void {
  let done = 0;
  for (; done < length - 3; done += 4) to.setInt32(toAt + done, from.getInt32(at + done));
  for (; done < length; done += 1) to.setUint8(toAt + done, from.getUint8(at + done));
}
