/**
 * Parameters of `/proc/sys` beside those of the network. Nothing here depends on them: they can be
 * read and set, as databases and search engines do before they start.
 *
 * Kernel: Documentation/admin-guide/sysctl (fs, kernel, vm), values of 6.18.
 * Differs: each host and container has its own, where a machine has one.
 */

import { fromUtf8, utf8 } from "../base/bytes.ts";
import { EINVAL } from "../base/errno.ts";
import type { ShellHost } from "./host.ts";

const VALUES: ReadonlyMap<string, string> = new Map([
  ["fs.aio-max-nr", "65536"],
  ["fs.file-max", "9223372036854775807"],
  ["fs.inotify.max_user_instances", "128"],
  ["fs.inotify.max_user_watches", "65536"],
  ["fs.nr_open", "1048576"],
  ["kernel.msgmax", "8192"],
  ["kernel.msgmnb", "16384"],
  ["kernel.panic", "0"],
  ["kernel.pid_max", "4194304"],
  ["kernel.sem", "32000\t1024000000\t500\t32000"],
  ["kernel.shmall", "18446744073692774399"],
  ["kernel.shmmax", "18446744073692774399"],
  ["kernel.shmmni", "4096"],
  ["kernel.threads-max", "127432"],
  ["vm.dirty_background_ratio", "10"],
  ["vm.dirty_ratio", "20"],
  ["vm.max_map_count", "65530"],
  ["vm.nr_hugepages", "0"],
  ["vm.overcommit_memory", "0"],
  ["vm.swappiness", "60"],
]);

/** The value of such a parameter, or null if there is none of that name (with dots). */
export function readSystemSysctl(host: ShellHost, name: string): string | null {
  const absent = VALUES.get(name);
  if (absent === undefined) return null;
  const bytes = host.files.read(pathOf(name));
  return bytes === null ? absent : fromUtf8(bytes);
}

/** Sets such a parameter, which must be there; 0 or a negative errno. */
export function writeSystemSysctl(host: ShellHost, name: string, value: string): number {
  if (!/^-?[0-9]+(\s+-?[0-9]+)*$/.test(value)) return -EINVAL;
  host.files.write(pathOf(name), utf8(value.replace(/\s+/g, "\t")));
  return 0;
}

function pathOf(name: string): string {
  return `/proc/sys/${name.replaceAll(".", "/")}`;
}
