import { expect } from "chai";
import { ECONNREFUSED, ECONNRESET, ETIMEDOUT } from "../../../lib/base/errno.ts";
import type { Ipv4 } from "../../../lib/base/inet.ts";
import { sleep } from "../../../lib/sim/process.ts";
import { TcpListener } from "../../../lib/socket/tcp-listener.ts";
import { TcpSocket } from "../../../lib/socket/tcp-socket.ts";
import { FLAG_ACK, FLAG_FIN, FLAG_PSH, FLAG_RST, FLAG_SYN } from "../../../lib/wire/tcp.ts";
import { Pipe, SERVER } from "../../support/pipe.ts";

const ANY = 0 as Ipv4;

/** A server that accepts one connection and hands it to `serve`. */
function serve(
  pipe: Pipe,
  serve: (socket: TcpSocket) => Generator,
  prepare?: (l: TcpListener) => void,
) {
  const listener = new TcpListener(pipe.server.stack);
  prepare?.(listener);
  listener.bind(ANY, 80);
  listener.listen(5);
  pipe.start(
    (function* () {
      const socket = yield* listener.accept();
      if (typeof socket !== "number") yield* serve(socket) as Generator<never, number, boolean>;
      return 0;
    })(),
  );
}

/** What passed, with times in ms relative to the first segment. */
function timesMs(pipe: Pipe, from: "client" | "server", flag: number): number[] {
  const first = pipe.passed[0]?.at ?? 0;
  return pipe.passed
    .filter((passed) => passed.from === from && (passed.flags & flag) !== 0)
    .map((passed) => Math.round((passed.at - first) / 1e5) / 10);
}

describe("transport/tcp/tcp", () => {
  it("offers the kernel's first windows in SYN and SYN-ACK", () => {
    const pipe = new Pipe();
    serve(pipe, function* () {});
    pipe.start(
      (function* () {
        return yield* new TcpSocket(pipe.client.stack).connect(SERVER, 80);
      })(),
    );

    pipe.run(100);

    const shown = pipe.passed.map(({ flags, window }) => [flags, window]);
    expect(shown).to.deep.equal([
      [FLAG_SYN, 64240],
      [FLAG_SYN | FLAG_ACK, 65160],
      [FLAG_ACK, 63],
    ]);
  });

  it("lets the window follow unread data as a 6.18 kernel does", () => {
    const pipe = new Pipe();
    serve(pipe, function* () {
      yield sleep(1e9);
    });
    pipe.start(
      (function* () {
        const socket = new TcpSocket(pipe.client.stack);
        yield* socket.connect(SERVER, 80);
        return yield* socket.write(Buffer.alloc(6 * 1448));
      })(),
    );

    pipe.run(500);

    const windows = pipe.passed
      .filter(({ from, flags }) => from === "server" && flags === FLAG_ACK)
      .map(({ window }) => window);
    // Observed with tcp_rmem 4096/131072/32M, frames cut in pairs, MTU 1500.
    expect(windows).to.deep.equal([67, 70, 73, 75, 74, 73]);
  });

  it("repeats a SYN at the times of the kernel's timer wheel", () => {
    const pipe = new Pipe();
    pipe.fate = () => ({ copies: 0, extraNs: 0 });
    let result = 0;
    pipe.start(
      (function* () {
        result = yield* new TcpSocket(pipe.client.stack).connect(SERVER, 80);
        return 0;
      })(),
    );

    pipe.run(300_000);

    const seconds = timesMs(pipe, "client", FLAG_SYN).map((ms) => Math.round(ms / 100) / 10);
    // tcp_syn_linear_timeouts 4, tcp_syn_retries 6: linear for five, then doubled.
    expect(seconds.slice(0, 8)).to.deep.equal([0, 1, 2, 3.1, 4.1, 5.1, 7.1, 11.3]);
    expect(result).to.equal(-ETIMEDOUT);
  });

  it("answers a SYN to a closed port with RST, so that connect is refused", () => {
    const pipe = new Pipe();
    let result = 0;
    pipe.start(
      (function* () {
        result = yield* new TcpSocket(pipe.client.stack).connect(SERVER, 81);
        return 0;
      })(),
    );

    pipe.run(100);

    expect(result).to.equal(-ECONNREFUSED);
    expect(pipe.passed[1]?.flags).to.equal(FLAG_RST | FLAG_ACK);
    expect(pipe.passed[1]?.window).to.equal(0);
  });

  it("resets a connection that is closed with unread data", () => {
    const pipe = new Pipe();
    serve(pipe, function* (socket) {
      yield sleep(50e6);
      yield* socket.close();
    });
    let result: number | Buffer = 0;
    pipe.start(
      (function* () {
        const socket = new TcpSocket(pipe.client.stack);
        yield* socket.connect(SERVER, 80);
        yield* socket.write(Buffer.alloc(100));
        result = yield* socket.read(100);
        return 0;
      })(),
    );

    pipe.run(500);

    expect(result).to.equal(-ECONNRESET);
    expect(pipe.passed.at(-1)?.flags).to.equal(FLAG_RST | FLAG_ACK);
  });

  it("sends IW10 in frames of half the window at most, PSH on the last of each", () => {
    const pipe = new Pipe();
    pipe.delayNs = 50e6;
    serve(pipe, function* (socket) {
      yield* socket.discard(1);
    });
    pipe.start(
      (function* () {
        const socket = new TcpSocket(pipe.client.stack);
        yield* socket.connect(SERVER, 80);
        return yield* socket.write(Buffer.alloc(100_000));
      })(),
    );

    pipe.run(190);

    const flight = pipe.passed.filter(({ from, length }) => from === "client" && length > 0);
    expect(flight.map(({ flags }) => (flags & FLAG_PSH) !== 0)).to.deep.equal(
      Array.from({ length: 10 }, (_, index) => index % 2 === 1),
    );
  });

  it("delays the ACK of a lone FIN by a jiffy, and ends in TIME_WAIT on the side that closed", () => {
    const pipe = new Pipe();
    serve(pipe, function* (socket) {
      yield* socket.read(1);
      yield sleep(100e6);
      yield* socket.close();
    });
    pipe.start(
      (function* () {
        const socket = new TcpSocket(pipe.client.stack);
        yield* socket.connect(SERVER, 80);
        return yield* socket.close();
      })(),
    );

    pipe.run(1000);

    const fin = pipe.passed.findIndex(({ flags }) => (flags & FLAG_FIN) !== 0);
    const ack = pipe.passed[fin + 1];
    const gap = (ack?.at ?? 0) - (pipe.passed[fin]?.at ?? 0) - pipe.delayNs;
    expect(gap).to.be.within(1, 4e6);
    expect(pipe.client.stack.tcp.timeWaits).to.equal(1);
    expect(pipe.server.stack.tcp.timeWaits).to.equal(0);
    pipe.run(61_000);
    expect(pipe.client.stack.tcp.timeWaits).to.equal(0);
    expect(pipe.client.stack.tcp.connections.size).to.equal(0);
  });

  it("falls back to SYN cookies when the queue of requests is full", () => {
    const pipe = new Pipe();
    pipe.server.sysctls.tcpSyncookies = 2;
    let received = 0;
    serve(pipe, function* (socket) {
      const data = yield* socket.read(100);
      received = typeof data === "number" ? data : data.length;
    });
    pipe.start(
      (function* () {
        const socket = new TcpSocket(pipe.client.stack);
        yield* socket.connect(SERVER, 80);
        return yield* socket.write(Buffer.alloc(77));
      })(),
    );

    pipe.run(200);

    expect(received).to.equal(77);
  });

  it("keeps one request more than the backlog before it answers with cookies", () => {
    const pipe = new Pipe();
    pipe.server.sysctls.somaxconn = 2;
    serve(pipe, function* () {});
    pipe.fate = (from) =>
      from === "server" ? { copies: 0, extraNs: 0 } : { copies: 1, extraNs: 0 };
    for (let index = 0; index < 5; index += 1) {
      pipe.start(new TcpSocket(pipe.client.stack).connect(SERVER, 80));
    }

    pipe.run(100);

    expect(pipe.server.stack.tcp.connections.size).to.equal(3);
  });
});
