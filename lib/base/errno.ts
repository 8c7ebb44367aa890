/**
 * Errors as system calls return them: the negative of these numbers.
 *
 * Kernel: include/uapi/asm-generic/errno-base.h, errno.h, 6.18.
 */

export const EPERM = 1;
export const ENOENT = 2;
export const ESRCH = 3;
export const EINTR = 4;
export const ENXIO = 6;
export const EAGAIN = 11;
export const ENOMEM = 12;
export const EACCES = 13;
export const EBUSY = 16;
export const EEXIST = 17;
export const EXDEV = 18;
export const ENODEV = 19;
export const EINVAL = 22;
export const EPIPE = 32;
export const ERANGE = 34;
export const ENONET = 64;
export const EPROTO = 71;
export const EDESTADDRREQ = 89;
export const EMSGSIZE = 90;
export const ENOPROTOOPT = 92;
export const EOPNOTSUPP = 95;
export const EADDRINUSE = 98;
export const EADDRNOTAVAIL = 99;
export const ENETDOWN = 100;
export const ENETUNREACH = 101;
export const ECONNABORTED = 103;
export const ECONNRESET = 104;
export const ENOBUFS = 105;
export const EISCONN = 106;
export const ENOTCONN = 107;
export const ETIMEDOUT = 110;
export const ECONNREFUSED = 111;
export const EHOSTDOWN = 112;
export const EHOSTUNREACH = 113;
export const EALREADY = 114;
export const EINPROGRESS = 115;

const NAMES: ReadonlyMap<number, readonly [string, string]> = new Map([
  [EPERM, ["EPERM", "Operation not permitted"]],
  [ENOENT, ["ENOENT", "No such file or directory"]],
  [ESRCH, ["ESRCH", "No such process"]],
  [EINTR, ["EINTR", "Interrupted system call"]],
  [ENXIO, ["ENXIO", "No such device or address"]],
  [EAGAIN, ["EAGAIN", "Resource temporarily unavailable"]],
  [ENOMEM, ["ENOMEM", "Cannot allocate memory"]],
  [EACCES, ["EACCES", "Permission denied"]],
  [EBUSY, ["EBUSY", "Device or resource busy"]],
  [EEXIST, ["EEXIST", "File exists"]],
  [EXDEV, ["EXDEV", "Invalid cross-device link"]],
  [ENODEV, ["ENODEV", "No such device"]],
  [EINVAL, ["EINVAL", "Invalid argument"]],
  [EPIPE, ["EPIPE", "Broken pipe"]],
  [ERANGE, ["ERANGE", "Numerical result out of range"]],
  [ENONET, ["ENONET", "Machine is not on the network"]],
  [EPROTO, ["EPROTO", "Protocol error"]],
  [EDESTADDRREQ, ["EDESTADDRREQ", "Destination address required"]],
  [EMSGSIZE, ["EMSGSIZE", "Message too long"]],
  [ENOPROTOOPT, ["ENOPROTOOPT", "Protocol not available"]],
  [EOPNOTSUPP, ["EOPNOTSUPP", "Operation not supported"]],
  [EADDRINUSE, ["EADDRINUSE", "Address already in use"]],
  [EADDRNOTAVAIL, ["EADDRNOTAVAIL", "Cannot assign requested address"]],
  [ENETDOWN, ["ENETDOWN", "Network is down"]],
  [ENETUNREACH, ["ENETUNREACH", "Network is unreachable"]],
  [ECONNABORTED, ["ECONNABORTED", "Software caused connection abort"]],
  [ECONNRESET, ["ECONNRESET", "Connection reset by peer"]],
  [ENOBUFS, ["ENOBUFS", "No buffer space available"]],
  [EISCONN, ["EISCONN", "Transport endpoint is already connected"]],
  [ENOTCONN, ["ENOTCONN", "Transport endpoint is not connected"]],
  [ETIMEDOUT, ["ETIMEDOUT", "Connection timed out"]],
  [ECONNREFUSED, ["ECONNREFUSED", "Connection refused"]],
  [EHOSTDOWN, ["EHOSTDOWN", "Host is down"]],
  [EHOSTUNREACH, ["EHOSTUNREACH", "No route to host"]],
  [EALREADY, ["EALREADY", "Operation already in progress"]],
  [EINPROGRESS, ["EINPROGRESS", "Operation now in progress"]],
]);

/** The text of an errno as `strerror` gives it: `Connection refused`. */
export function errnoMessage(errno: number): string {
  return NAMES.get(Math.abs(errno))?.[1] ?? `Unknown error ${Math.abs(errno)}`;
}
