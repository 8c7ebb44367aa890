import { expect } from "chai";
import * as fc from "fast-check";
import { concatBytes, equalBytes } from "../../lib/base/bytes.ts";
import {
  CaptureJournal,
  type JournalChunk,
  journalChunk,
  pcapPieces,
} from "../../lib/capture/journal.ts";
import { PcapWriter, pcapHeader, readPcap } from "../../lib/capture/pcap.ts";
import { MemorySink } from "../../lib/capture/sink.ts";
import { Network } from "../../lib/lab/network.ts";
import type { NetDevice } from "../../lib/link/device.ts";
import type { Frame } from "../../lib/wire/frame.ts";
import { FramePool } from "../../lib/wire/frame-pool.ts";
import * as ipv4 from "../../lib/wire/ipv4.ts";
import { tcpFrame } from "../support/frames.ts";

const L3 = 14;

/** A journal of some ports, and beside it a file of each that is written directly. */
class Ports {
  /** Bytes that went through the journal's chunks. */
  journalled = 0;
  readonly #journal: CaptureJournal;
  readonly #taps;
  readonly #pieces: Uint8Array[][];

  constructor(count: number, chunkBytes: number) {
    this.#journal = new CaptureJournal({
      take: () => journalChunk(chunkBytes),
      put: (chunk) => this.#put(chunk),
    });
    this.#pieces = Array.from({ length: count }, () => [pcapHeader()]);
    this.#taps = this.#pieces.map(() => {
      const sink = new MemorySink();
      return {
        sink,
        direct: new PcapWriter(sink, { chunkBytes }),
        journal: this.#journal.addPort(),
      };
    });
  }

  pass(frame: Frame, port: number, at: number): void {
    this.#taps[port]?.direct.frame(frame, 1, at);
    this.#taps[port]?.journal.frame(frame, 1, at);
  }

  watch(devices: readonly NetDevice[]): void {
    for (const [port, device] of devices.entries()) {
      device.taps.push({ frame: (frame, _direction, at) => this.pass(frame, port, at) });
    }
  }

  /** The files, each as the journal and as the writer have it. */
  files(): { readonly journal: Uint8Array; readonly direct: Uint8Array }[] {
    this.#journal.flush();
    return this.#taps.map(({ sink, direct }, port) => {
      direct.flush();
      return { journal: concatBytes(this.#pieces[port] ?? []), direct: sink.bytes() };
    });
  }

  #put(chunk: JournalChunk): void {
    const seen = new Set<number>();
    for (const [port, pieces] of this.#pieces.entries()) {
      for (const piece of pcapPieces(chunk, port)) {
        if (!seen.has(piece.byteOffset)) this.journalled += piece.length;
        seen.add(piece.byteOffset);
        pieces.push(piece.slice());
      }
    }
  }
}

describe("capture/journal", () => {
  it("keeps a frame once that passes four ports unchanged", () => {
    const ports = new Ports(4, 64 * 1024);
    const frame = new FramePool().takeFrom(tcpFrame({ payload: new Uint8Array(1000) }));
    for (const port of [0, 1, 2, 3]) ports.pass(frame, port, 1000 * port);

    const files = ports.files();

    expect(ports.journalled).to.equal(16 + 1054);
    for (const [port, { journal }] of files.entries()) {
      const [only, ...others] = readPcap(Buffer.from(journal), "port").frames;
      expect([only?.nanoseconds, others.length]).to.deep.equal([1000 * port, 0]);
    }
  });

  it("has each frame as it was when it passed, whatever changes it and in whatever order", () => {
    const event = fc.record({
      frame: fc.nat(3),
      port: fc.nat(39),
      change: fc.constantFrom("nothing", "ttl", "source", "trim", "reuse"),
      size: fc.nat(1400),
    });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        const pool = new FramePool();
        const make = (size: number) =>
          pool.takeFrom(tcpFrame({ id: size, payload: new Uint8Array(size).fill(size) }));
        const frames = [40, 300, 900, 1400].map(make);
        const ports = new Ports(40, 4096);
        for (const [number, { frame: index, port, change, size }] of events.entries()) {
          const frame = frames[index] ?? make(0);
          ports.pass(frame, port, number * 999_999_937);
          if (change === "ttl") ipv4.decreaseTtl(frame.view, frame.l2 + L3);
          if (change === "source") ipv4.setSource(frame.view, frame.l2 + L3, size);
          if (change === "trim") frame.trim(frame.l2 + 54 + size);
          if (change === "reuse") {
            frame.deliver();
            frames[index] = make(size);
          }
        }
        for (const { journal, direct } of ports.files()) {
          if (!equalBytes(journal, direct)) return false;
        }
        return true;
      }),
    );
  });

  it("has what a network damages, duplicates, routes and translates, as a writer has it", () => {
    const network = new Network({ captures: false });
    for (const host of ["client", "router", "server"]) network.addHost(host);
    network.addLink("client:eth0", "router:eth0", { corrupt: "10%", duplicate: "5%" });
    network.addLink("router:eth1", "server:eth0", { reorder: "5%", delay: "1ms" });
    for (const [host, line] of [
      ["client", "ip addr add 10.0.1.2/24 dev eth0; ip link set eth0 up"],
      ["client", "ip route add default via 10.0.1.1"],
      ["router", "ip addr add 10.0.1.1/24 dev eth0; ip link set eth0 up"],
      ["router", "ip addr add 10.0.2.1/24 dev eth1; ip link set eth1 up"],
      ["router", "sysctl -w net.ipv4.ip_forward=1"],
      ["router", "iptables -t nat -A PREROUTING -p tcp --dport 80 -j DNAT --to 10.0.2.2:8080"],
      ["router", "iptables -t nat -A POSTROUTING -o eth1 -j MASQUERADE"],
      ["server", "ip addr add 10.0.2.2/24 dev eth0; ip link set eth0 up"],
    ] as const) {
      expect(network.run(host, line).status, line).to.equal(0);
    }
    const devices = ["client", "router", "server"].flatMap((host) => [
      ...network.host(host).namespace.devices.values(),
    ]);
    const ports = new Ports(devices.length, 16 * 1024);
    ports.watch(devices);
    const server = network.start("server", "nc -l 8080");
    const text = "the quick brown fox ".repeat(5000);

    network.finish([server, network.start("client", "nc -N 10.0.1.1 80", text)]);

    expect(server.result()?.stdout).to.equal(text);
    const files = ports.files();
    expect(files.map(({ journal, direct }) => equalBytes(journal, direct))).to.deep.equal(
      files.map(() => true),
    );
    expect(files.filter(({ direct }) => direct.length > text.length)).to.have.length(4);
  });
});
