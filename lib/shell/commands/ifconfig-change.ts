/**
 * What `ifconfig DEV WORDS` changes: word by word from left to right, each one by an ioctl of its
 * own. One that fails says so, and the next is carried out all the same.
 *
 * Spec: net-tools 2.10, ifconfig.c.
 * Not modelled: `[-]arp`, `[-]promisc`, `[-]allmulti`, `multicast`, `pointopoint`, `add`, `del`,
 * `tunnel`, `metric` and the resources of hardware.
 */
import { EADDRNOTAVAIL, EINVAL, errnoMessage } from "../../base/errno.ts";
import { type Ipv4, maskOf } from "../../base/inet.ts";
import { isGroupMac, parseMac, ZERO_MAC } from "../../base/mac.ts";
import type { NetDevice } from "../../link/device.ts";
import { InterfaceIoctl } from "../../net/interface-ioctl.ts";
import { type CommandBody, immediate, notModelled, ToolError } from "../command.ts";
import { Words } from "../words.ts";
import { setDeviceMac, setDeviceMtu } from "./ip/link/set.ts";
import { readHost } from "./net-tools.ts";

const HELP = "ifconfig: `--help' gives usage information.\n";
const ALLOWED = "[inet] ADDRESS[/BITS], netmask, broadcast, mtu, hw ether, txqueuelen, up, down";
const NOT_MODELLED =
  /^(?:-?(?:arp|promisc|allmulti|multicast|pointopoint|broadcast|trailers|dynamic)|add|del|tunnel|metric|irq|io_addr|mem_start|media|outfill|keepalive|inet6)$/;
const MIN_MTU = 68;
const MAX_MTU = 65535;
/** What a failed SIOCGIFFLAGS or SIOCSIFFLAGS adds to the exit status: -1. */
const FLAGS_FAILED = 255;

/** One word with its values, carried out: 0, or what it adds to the exit status. */
type Change = (run: Run) => number;

interface Run {
  readonly label: string;
  readonly ioctl: InterfaceIoctl;
  complain(text: string): void;
}

/** Reads what stands behind the interface's name. */
export function readChanges(label: string, args: readonly string[]): CommandBody {
  const words = new Words(args, { text: HELP, status: 1 });
  const changes: Change[] = [];
  let refusal: ToolError | null = null;
  while (!words.done && refusal === null) {
    try {
      changes.push(readChange(words));
    } catch (error) {
      // What stands before a wrong word has been done by then.
      if (!(error instanceof ToolError)) throw error;
      refusal = error;
    }
  }
  return immediate(({ host, io }) => {
    const ioctl = new InterfaceIoctl(host.namespace);
    const run: Run = { label, ioctl, complain: (text) => io.stderr(`${text}\n`) };
    let status = 0;
    for (const change of changes) status |= change(run);
    if (refusal !== null) throw refusal;
    return status;
  });
}

function readChange(words: Words): Change {
  const word = words.take();
  switch (word) {
    case "up":
    case "down":
      return (run) => setFlags(run, word === "up");
    case "inet":
      return () => 0;
    case "netmask":
      return netmask(readHost(words.take(), 1));
    case "broadcast": {
      const address = readHost(words.take(), 1);
      return (run) => answer(run, "SIOCSIFBRDADDR", run.ioctl.setBroadcast(run.label, address));
    }
    case "mtu":
      return mtu(Number(words.take()));
    case "txqueuelen":
      return queueLength(Number(words.take()));
    case "hw":
      return hardwareAddress(words.take(), words.take());
    default:
      if (NOT_MODELLED.test(word)) throw notModelled("ifconfig", word, ALLOWED);
      return address(word);
  }
}

function address(word: string): Change {
  const [text = "", bits] = word.split("/");
  const local = readHost(text, 1, HELP);
  if (bits !== undefined && !(Number(bits) <= 32)) throw notModelled("ifconfig", word, ALLOWED);
  return (run) => {
    let status = answer(run, "SIOCSIFADDR", run.ioctl.setAddress(run.label, local));
    status |= setFlags(run, true);
    if (bits !== undefined) status |= netmask(maskOf(Number(bits)) as Ipv4)(run);
    return status;
  };
}

function netmask(mask: Ipv4): Change {
  return (run) => answer(run, "SIOCSIFNETMASK", run.ioctl.setNetmask(run.label, mask));
}

function mtu(value: number): Change {
  return (run) =>
    onDevice(run, "SIOCSIFMTU", (device) => {
      const isValid = value >= MIN_MTU && value <= MAX_MTU;
      if (!isValid) return EINVAL;
      setDeviceMtu(device, value);
      return 0;
    });
}

function queueLength(value: number): Change {
  return (run) =>
    onDevice(run, "SIOCSIFTXQLEN", (device) => {
      if (!(value >= 0)) return EINVAL;
      device.txQueueLength = value;
      return 0;
    });
}

function hardwareAddress(kind: string, text: string): Change {
  if (kind !== "ether") throw notModelled("ifconfig", `hw ${kind}`, "hw ether ADDRESS");
  const mac = parseMac(text);
  return (run) =>
    onDevice(run, "SIOCSIFHWADDR", (device) => {
      if (isGroupMac(mac) || mac === ZERO_MAC) return EADDRNOTAVAIL;
      setDeviceMac(device, mac);
      return 0;
    });
}

function onDevice(run: Run, call: string, act: (device: NetDevice) => number): number {
  const device = run.ioctl.device(run.label);
  if (device === null) {
    run.complain(`${call}: No such device`);
    return 1;
  }
  return answer(run, call, act(device));
}

function setFlags(run: Run, up: boolean): number {
  if (run.ioctl.device(run.label) === null) {
    run.complain(`${run.label}: ERROR while getting interface flags: No such device`);
    return FLAGS_FAILED;
  }
  const errno = run.ioctl.setUp(run.label, up);
  if (errno === 0) return 0;
  run.complain(`SIOCSIFFLAGS: ${errnoMessage(errno)}`);
  return FLAGS_FAILED;
}

function answer(run: Run, call: string, errno: number): number {
  if (errno === 0) return 0;
  run.complain(`${call}: ${errnoMessage(errno)}`);
  return 1;
}
