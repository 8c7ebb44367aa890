/** Bytes as tcpdump's -x and -X print them. */
import { hex } from "../../base/bytes.ts";

const BYTES_PER_LINE = 16;
/** Eight groups of four digits with their blanks. */
const HEX_WIDTH = 40;

/** Lines of sixteen bytes, each after a line break and a tab; with text beside them or without. */
export function hexLines(bytes: Uint8Array, withText: boolean): string {
  let lines = "";
  for (let at = 0; at < bytes.length; at += BYTES_PER_LINE) {
    const row = bytes.subarray(at, at + BYTES_PER_LINE);
    const groups = (hex(row).match(/.{1,4}/g) ?? []).map((group) => ` ${group}`).join("");
    const text = withText ? `${groups.padEnd(HEX_WIDTH)}  ${graphic(row)}` : groups;
    lines += `\n\t0x${at.toString(16).padStart(4, "0")}: ${text}`;
  }
  return lines;
}

/** Visible characters; a blank is a dot as well, unlike elsewhere. */
function graphic(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte > 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".";
  return text;
}
