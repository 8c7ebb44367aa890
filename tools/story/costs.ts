/**
 * What the same requests cost in two labs, as a table. How long work takes is a parameter of the
 * labs (`cpu:`); how much of it there is, is counted.
 *
 * A system call of kube-proxy is two crossings: into the kernel and back. Bytes of TCP go from one
 * socket to the other by splice(2), so they are moved by system calls of kube-proxy and yet never
 * copied to user space; datagrams are copied in and out.
 */

import { NS_PER_US } from "../../lib/base/units.ts";
import type { Capture, CapturedFrame } from "../../lib/capture/capture.ts";
import { interfaceName } from "../../lib/capture/capture.ts";
import * as ethernet from "../../lib/wire/ethernet.ts";
import * as ipv4 from "../../lib/wire/ipv4.ts";
import { ETHERTYPE_IPV4, IPPROTO_TCP } from "../../lib/wire/protocol-numbers.ts";
import * as tcp from "../../lib/wire/tcp.ts";
import type { PlayedLab } from "./stage.ts";

type Row = readonly [what: string, ...values: string[]];

/** The step whose output are the requests' times, and that which prints a line for each datagram. */
const REQUESTS = "requests";
const DATAGRAMS = "datagrams";

/** The table, one column for each lab; its step `requests` prints curl's `%{time_total}` for each. */
export function costTable(labs: readonly PlayedLab[]): string {
  const all = labs.map(costsOf);
  const [first] = all;
  const places = first === undefined ? [] : [...first.frames.keys()];
  const rows: Row[] = [
    ["", ...labs.map(({ name }) => name)],
    ["HTTP requests", ...all.map(({ seconds }) => count(seconds.length))],
    ["datagrams, each with an answer", ...all.map(({ datagrams }) => count(datagrams))],
    ["TCP connections", ...all.map(({ connections }) => count(connections))],
    ...places.map(
      (place): Row => [
        `frames on ${place}`,
        ...all.map(({ frames }) => count(frames.get(place) ?? 0)),
      ],
    ),
    ["clients that kube-proxy served", ...all.map(({ relay }) => count(relay.clients))],
    ["system calls of kube-proxy", ...all.map(({ relay }) => count(relay.systemCalls))],
    ["crossings between user and kernel", ...all.map(({ relay }) => count(2 * relay.systemCalls))],
    ["bytes that kube-proxy moved", ...all.map(({ relay }) => count(relay.relayedBytes))],
    ["copies between user and kernel, bytes", ...all.map(({ relay }) => count(relay.copiedBytes))],
    ["mean time of an HTTP request", ...all.map(({ seconds }) => micros(mean(seconds)))],
    ["longest", ...all.map(({ seconds }) => micros(Math.max(...seconds)))],
  ];
  return table(rows) + model(labs);
}

interface Costs {
  /** Of each HTTP request. */
  readonly seconds: readonly number[];
  readonly datagrams: number;
  readonly connections: number;
  readonly frames: ReadonlyMap<string, number>;
  readonly relay: {
    clients: number;
    systemCalls: number;
    relayedBytes: number;
    copiedBytes: number;
  };
}

function costsOf({ run, capture }: PlayedLab): Costs {
  const { report } = run;
  const printed = (name: string): string[] => {
    const step = report.steps.find(({ command }) => command?.name === name)?.command;
    return (step?.stdout ?? "").split("\n").filter((line) => line !== "");
  };
  const relay = { clients: 0, systemCalls: 0, relayedBytes: 0, copiedBytes: 0 };
  for (const one of report.relays) {
    relay.clients += one.clients;
    relay.systemCalls += one.systemCalls;
    relay.relayedBytes += one.relayedBytes;
    relay.copiedBytes += one.copiedBytes;
  }
  return {
    seconds: printed(REQUESTS).map(Number),
    datagrams: printed(DATAGRAMS).length,
    connections: countConnections(capture),
    frames: new Map(
      capture.interfaces.map(({ name }) => [
        placeOf(name),
        capture.frames.filter((frame) => interfaceName(capture, frame) === name).length,
      ]),
    ),
    relay,
  };
}

/** Connections are told apart by their first sequence number, which NAT leaves alone. */
function countConnections({ frames }: Capture): number {
  const numbers = new Set<number>();
  for (const frame of frames) {
    const number = firstSequence(frame);
    if (number !== null) numbers.add(number);
  }
  return numbers.size;
}

function firstSequence({ bytes }: CapturedFrame): number | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const l3 = ethernet.ETHERNET_SIZE;
  if (ethernet.type(view, 0) !== ETHERTYPE_IPV4 || !ipv4.isValid(view, l3, bytes.length)) {
    return null;
  }
  const l4 = l3 + ipv4.headerSize(view, l3);
  if (ipv4.protocol(view, l3) !== IPPROTO_TCP) return null;
  const flags = tcp.flags(view, l4) & (tcp.FLAG_SYN | tcp.FLAG_ACK);
  return flags === tcp.FLAG_SYN ? tcp.sequence(view, l4) : null;
}

/** Pods of a workload have names of their own in each run. */
function placeOf(name: string): string {
  return name.replace(/^([a-z]+)-[a-z0-9]+-[a-z0-9]{5}\//, "$1/");
}

/** The constants of the model, as the labs have them. */
function model(labs: readonly PlayedLab[]): string {
  const [first] = labs;
  if (first === undefined) return "";
  const { hopNs, syscallNs, wakeupNs } = first.lab.costs;
  const words = [
    `a system call ${micros(syscallNs / 1e9)}`,
    `waking a program ${micros(wakeupNs / 1e9)}`,
    `a frame through one device ${micros(hopNs / 1e9)}`,
  ];
  return `\nmodel: ${words.join(", ")} (the lab's cpu:)\n`;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function micros(seconds: number): string {
  return `${Math.round((seconds * 1e9) / NS_PER_US)} us`;
}

function count(value: number): string {
  return `${value}`;
}

function table(rows: readonly Row[]): string {
  const widths = [0, 1, 2].map((at) => Math.max(...rows.map((row) => (row[at] ?? "").length)));
  return rows
    .map(([what, ...values]) => {
      const cells = values.map((value, at) => value.padStart(widths[at + 1] ?? 0));
      return `${[what.padEnd(widths[0] ?? 0), ...cells].join("  ").trimEnd()}\n`;
    })
    .join("");
}
