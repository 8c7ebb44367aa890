/** Reads a capture file of either format. */
import { type Capture, damaged } from "./capture.ts";
import { isPcap, readPcap } from "./pcap.ts";
import { isPcapng, readPcapng } from "./pcapng-reader.ts";

/**
 * The capture in `bytes`, which must stay as they are while it is used. Throws `VW_CAPTURE` with
 * the byte offset of the damage; `file` names the file in it.
 */
export function readCapture(bytes: Uint8Array, file = "capture"): Capture {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (isPcapng(buffer)) return readPcapng(buffer, file);
  if (isPcap(buffer)) return readPcap(buffer, file);
  const problem = buffer.length === 0 ? "the file is empty" : "not a capture file";
  throw damaged(file, 0, problem, "pcap and pcapng are readable");
}
