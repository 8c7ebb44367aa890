/**
 * Numbers of the pcapng format that its writer and its reader share. A file is a list of blocks:
 *
 *     +---------------------------------------------------------------+
 *     |                          Block Type                           |
 *     +---------------------------------------------------------------+
 *     |                      Block Total Length                       |
 *     +---------------------------------------------------------------+
 *     |          body, padded to 32 bits; options at its end          |
 *     +---------------------------------------------------------------+
 *     |                      Block Total Length                       |
 *     +---------------------------------------------------------------+
 *
 * Spec: draft-ietf-opsawg-pcapng §3.1 (blocks), §3.5 (options), §4 (block definitions).
 */

/** Block types (§11.1). */
export const BLOCK_SECTION_HEADER = 0x0a0d0d0a;
export const BLOCK_INTERFACE = 1;
export const BLOCK_SIMPLE_PACKET = 3;
export const BLOCK_INTERFACE_STATISTICS = 5;
export const BLOCK_ENHANCED_PACKET = 6;

/** Type and length in front of a body and length behind it. */
export const BLOCK_OVERHEAD = 12;
export const SECTION_BODY_SIZE = 16;
export const INTERFACE_BODY_SIZE = 8;
export const ENHANCED_BODY_SIZE = 20;
export const STATISTICS_BODY_SIZE = 12;

/** Written in the section header in the byte order of the section. */
export const BYTE_ORDER_MAGIC = 0x1a2b3c4d;

/** Options (§3.5.1, §4.1–4.6). */
export const OPTION_END = 0;
export const OPTION_COMMENT = 1;
export const OPTION_USER_APPLICATION = 4;
export const OPTION_IF_NAME = 2;
export const OPTION_IF_TSRESOL = 9;
export const OPTION_IF_TSOFFSET = 14;
export const OPTION_EPB_FLAGS = 2;
export const OPTION_EPB_PACKETID = 5;
export const OPTION_ISB_STARTTIME = 2;
export const OPTION_ISB_ENDTIME = 3;
export const OPTION_ISB_IFRECV = 4;
export const OPTION_ISB_IFDROP = 5;

/** epb_flags: the two bits of the direction; their values are those of `Direction`. */
export const FLAG_DIRECTION_MASK = 3;

/** The next multiple of four. */
export function padded(length: number): number {
  return (length + 3) & ~3;
}
