/**
 * Flags of the system calls that read and write.
 *
 * Kernel: include/linux/socket.h, 6.18.
 */

export const MSG_PEEK = 2;
export const MSG_TRUNC = 0x20;
export const MSG_DONTWAIT = 0x40;
export const MSG_EOR = 0x80;
export const MSG_WAITALL = 0x100;
export const MSG_MORE = 0x8000;
