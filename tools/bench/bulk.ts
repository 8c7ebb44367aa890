/**
 * `vethwork bench bulk`: one TCP stream through one bridge, with a capture file on each of the four
 * ports that a frame passes, which is what an emulator of this kind spends its time on.
 *
 *     client eth0 ── pa br0 pb ── eth0 server
 */
import { join } from "node:path";
import type { Command } from "commander";
import { present } from "../../lib/base/assert.ts";
import { parseIpv4 } from "../../lib/base/inet.ts";
import { NS_PER_S, NS_PER_US } from "../../lib/base/units.ts";
import { CaptureJournal } from "../../lib/capture/journal.ts";
import type { Host } from "../../lib/lab/build.ts";
import { Network } from "../../lib/lab/network.ts";
import type { NetDevice } from "../../lib/link/device.ts";
import { type Program, sleep } from "../../lib/sim/process.ts";
import { TcpListener } from "../../lib/socket/tcp-listener.ts";
import { TcpSocket } from "../../lib/socket/tcp-socket.ts";
import { transportsOf } from "../../lib/transport/stack.ts";
import { wholeNumber } from "../arguments.ts";
import { JournalFiles } from "../journal-files.ts";
import { makeFolder } from "../output.ts";

const PORT = 5001;
const SERVER = "10.1.1.2";
/** What iperf3 gives to one write, and takes with one read. */
const CHUNK_BYTES = 128 * 1024;
const MB = 1024 * 1024;
/**
 * Sent before the clock starts, with captures that go nowhere: it takes V8 about as long as the
 * transfer of 100 MiB to compile the path of a packet, which its peers do beforehand.
 */
const WARM_UP_MB = 240;
/** It is sent in transfers of this size: code that has seen one network only is compiled for it alone. */
const WARM_UP_PART_MB = 40;
/** How much virtual time passes between two looks at whether the transfer has ended. */
const SLICE_NS = NS_PER_S / 10_000;
/**
 * How long the sender takes to come back with the next chunk. Meanwhile the reader takes the last
 * one, as it would on a CPU of its own: what is on its way stays small enough for the cache.
 */
const BETWEEN_WRITES_NS = NS_PER_US;
/** Frames that the client sent and received are counted twice: at its port and at the server's. */
const PORTS = 2;

/** What is measured; `frame_hops` counts as the kernel's benchmark does. */
export interface BulkBench {
  readonly engine: "vethwork";
  readonly mb: number;
  readonly frame_hops: number;
  readonly seconds: number;
  readonly frame_hops_per_s: number;
  readonly captured_frames: number;
  /** Sent before, and not in the other figures. */
  readonly warm_up_mb: number;
  readonly rss_mb: number;
}

interface BulkOptions {
  readonly mb: number;
  readonly warmUp: number;
  readonly capture?: string;
  readonly json?: boolean;
}

/** Adds `bulk` to the `bench` command. */
export function addBulkBench(bench: Command): void {
  bench
    .command("bulk")
    .description("time a TCP transfer through one bridge, with captures on all four ports")
    .option("--mb <number>", "MiB to send", wholeNumber(1), 100)
    .option("--capture <folder>", "write a capture file for each port there")
    .option("--warm-up <number>", "MiB to send before the clock starts", wholeNumber(0), WARM_UP_MB)
    .option("--json", "print the figures as JSON")
    .action((options: BulkOptions) => {
      const result = benchBulk(options.mb, options.warmUp, options.capture ?? null);
      process.stdout.write(
        options.json === true
          ? `${JSON.stringify(result)}\n`
          : `${result.mb} MiB in ${result.seconds} s: ${result.frame_hops_per_s} frame-hops/s\n`,
      );
    });
}

/** Sends `warmUpMb` MiB, then `mb` MiB on the clock; captures into `folder` unless it is null. */
function benchBulk(mb: number, warmUpMb: number, folder: string | null): BulkBench {
  const captures = folder === null ? null : new JournalFiles();
  for (let left = warmUpMb; left > 0; left -= WARM_UP_PART_MB) {
    transfer(Math.min(left, WARM_UP_PART_MB), captures, () => "/dev/null");
  }
  if (folder !== null) makeFolder(folder);
  const { hops, seconds } = transfer(mb, captures, (name) => join(folder ?? "", `${name}.pcap`));
  return {
    engine: "vethwork",
    mb,
    frame_hops: hops,
    seconds: Number(seconds.toFixed(3)),
    frame_hops_per_s: Math.round(hops / seconds),
    captured_frames: 2 * hops,
    warm_up_mb: warmUpMb,
    rss_mb: Math.round(process.resourceUsage().maxRSS / 1024),
  };
}

/** One transfer; if there are captures, `fileOf` names the file of a port. */
function transfer(
  mb: number,
  captures: JournalFiles | null,
  fileOf: (port: string) => string,
): { readonly hops: number; readonly seconds: number } {
  const { client, server, ports } = buildNetwork();
  captures?.open(ports.map(([name]) => fileOf(name)));
  const journal = captures === null ? null : new CaptureJournal(captures);
  if (journal !== null) for (const [, device] of ports) device.taps.push(journal.addPort());
  const { machine } = client;
  const start = process.hrtime.bigint();
  const received = machine.processes.spawn("server", receive(server));
  machine.processes.spawn("client", send(client, mb * MB));
  while (received.status === null) machine.scheduler.runUntil(machine.scheduler.now + SLICE_NS);
  journal?.flush();
  captures?.close();
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  if (received.status !== 0) throw new Error("the transfer did not complete");
  const port = ports[1]?.[1].counters;
  const hops = PORTS * ((port?.rxPackets ?? 0) + (port?.txPackets ?? 0));
  return { hops, seconds };

  /** Takes everything until the client closes. */
  function* receive(host: Host): Program<number> {
    const listener = new TcpListener(transportsOf(host.namespace));
    listener.bind(parseIpv4("0.0.0.0"), PORT);
    listener.listen();
    const socket = yield* listener.accept();
    if (typeof socket === "number") return 1;
    let taken = 0;
    const buffer = Buffer.alloc(CHUNK_BYTES);
    for (;;) {
      const count = yield* socket.readInto(buffer);
      if (count <= 0) break;
      taken += count;
    }
    return taken === mb * MB ? 0 : 1;
  }
}

function* send(host: Host, bytes: number): Program<number> {
  const socket = new TcpSocket(transportsOf(host.namespace));
  if ((yield* socket.connect(parseIpv4(SERVER), PORT)) < 0) return 1;
  const chunk = Buffer.alloc(CHUNK_BYTES, "vethwork");
  for (let sent = 0; sent < bytes; ) {
    const count = yield* socket.write(chunk.subarray(0, Math.min(chunk.length, bytes - sent)));
    if (count < 0) return 1;
    sent += count;
    yield sleep(BETWEEN_WRITES_NS);
  }
  yield* socket.close();
  return 0;
}

function buildNetwork() {
  const network = new Network({ captures: false });
  const client = network.addHost("a");
  const server = network.addHost("b");
  const bridge = network.addHost("s");
  network.addLink("a:eth0", "s:pa");
  network.addLink("b:eth0", "s:pb");
  network.run("s", "ip link add br0 type bridge");
  for (const device of ["br0", "pa master br0", "pb master br0"]) {
    network.run("s", `ip link set ${device} up`);
  }
  for (const [host, address] of [
    ["a", "10.1.1.1/24"],
    ["b", `${SERVER}/24`],
  ] as const) {
    network.run(host, "ip link set eth0 up");
    network.run(host, `ip addr add ${address} dev eth0`);
  }
  const ports = [
    ["a-eth0", deviceOf(client, "eth0")],
    ["s-pa", deviceOf(bridge, "pa")],
    ["s-pb", deviceOf(bridge, "pb")],
    ["b-eth0", deviceOf(server, "eth0")],
  ] as const;
  return { client, server, ports };
}

function deviceOf(host: Host, name: string): NetDevice {
  return present(host.namespace.devices.get(name), name);
}
