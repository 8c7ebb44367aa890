import { expect } from "chai";
import { TcpListener } from "../../../lib/socket/tcp-listener.ts";
import { TcpSocket } from "../../../lib/socket/tcp-socket.ts";
import { type Passed, Pipe, SERVER } from "../../support/pipe.ts";

/** The client sends so many bytes; the segments of the transfer that carry some. */
function transfer(pipe: Pipe, bytes: number): { received: number; sent: readonly Passed[] } {
  let received = 0;
  pipe.start(
    (function* () {
      const listener = new TcpListener(pipe.server.stack);
      listener.bind(0 as never, 80);
      listener.listen(5);
      const socket = yield* listener.accept();
      if (typeof socket === "number") return 1;
      for (;;) {
        const part = yield* socket.read(65536);
        if (typeof part === "number" || part.length === 0) return 0;
        received += part.length;
      }
    })(),
  );
  pipe.start(
    (function* () {
      const socket = new TcpSocket(pipe.client.stack);
      yield* socket.connect(SERVER, 80);
      yield* socket.write(new Uint8Array(bytes));
      yield* socket.close();
      return 0;
    })(),
  );
  pipe.run(60_000);
  return {
    received,
    sent: pipe.passed.filter(({ from, length }) => from === "client" && length > 0),
  };
}

/** A path on which large packets vanish without a word. */
function blackHole(pipe: Pipe, largest: number): void {
  pipe.fate = (_from, _index, frame) => ({ copies: frame.length > largest ? 0 : 1, extraNs: 0 });
}

describe("transport/tcp/mtu-probe", () => {
  it("falls back to tcp_base_mss when large segments vanish [RFC 4821 §7.7]", () => {
    const pipe = new Pipe();
    pipe.client.sysctls.tcpMtuProbing = 1;
    blackHole(pipe, 1200);

    const { received, sent } = transfer(pipe, 5000);

    expect(received).to.equal(5000);
    const sizes = sent.filter(({ lost }) => !lost).map(({ length }) => length);
    expect(Math.max(...sizes), "payload of 1024 bytes with timestamps").to.equal(1024);
  });

  it("never gets through such a path without", () => {
    const pipe = new Pipe();
    blackHole(pipe, 1200);

    expect(transfer(pipe, 5000).received).to.equal(0);
  });

  it("begins small and probes for more with tcp_mtu_probing 2 [RFC 4821 §7.3]", () => {
    const pipe = new Pipe();
    pipe.client.sysctls.tcpMtuProbing = 2;

    const { received, sent } = transfer(pipe, 200_000);

    expect(received).to.equal(200_000);
    expect(sent[0]?.length).to.equal(1024);
    const sizes = sent.map(({ length }) => length);
    // Halfway between packets of 1076 and of 1500 bytes.
    const probe = sizes.find((size) => size > 1024);
    expect(probe).to.equal((1076 + 1500) / 2 - 52);
    expect(sizes.filter((size) => size === probe).length, "used from then on").to.be.greaterThan(5);
  });

  it("takes the loss of a probe for its size, not for congestion", () => {
    const pipe = new Pipe();
    pipe.client.sysctls.tcpMtuProbing = 2;
    blackHole(pipe, 1250);

    const { received, sent } = transfer(pipe, 100_000);

    expect(received).to.equal(100_000);
    const lost = sent.filter((segment) => segment.lost).map(({ length }) => length);
    expect(lost[0]).to.equal(1236);
    expect(lost.length, "each probe is lost once").to.be.lessThan(6);
  });
});
