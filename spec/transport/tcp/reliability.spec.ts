import { expect } from "chai";
import { NS_PER_MS } from "../../../lib/base/units.ts";
import { type Program, waitFor } from "../../../lib/sim/process.ts";
import { RandomStream } from "../../../lib/sim/random.ts";
import { TcpListener } from "../../../lib/socket/tcp-listener.ts";
import { TcpSocket } from "../../../lib/socket/tcp-socket.ts";
import { type Fate, Pipe, SERVER } from "../../support/pipe.ts";

/** Bytes that differ at every place, so that a shift or a swap shows. */
function pattern(length: number, seed: number): Buffer {
  const stream = new RandomStream(seed, "pattern");
  const bytes = Buffer.alloc(length);
  for (let at = 0; at + 4 <= length; at += 4) bytes.writeInt32LE(stream.int32(), at);
  return bytes;
}

function* sendAll(socket: TcpSocket, bytes: Buffer): Program<number> {
  let at = 0;
  while (at < bytes.length) {
    const sent = yield* socket.write(bytes.subarray(at, at + 20_000));
    if (sent < 0) return sent;
    at += sent;
  }
  return socket.shutdown("write");
}

function* receiveAll(socket: TcpSocket, into: Buffer[]): Program<number> {
  for (;;) {
    const part = yield* socket.read(30_000);
    if (typeof part === "number") return part;
    if (part.length === 0) return 0;
    into.push(part);
  }
}

interface Outcome {
  readonly atServer: Buffer;
  readonly atClient: Buffer;
  readonly leaked: number;
}

/** Both sides send at once, read all, and close. */
function exchange(pipe: Pipe, up: Buffer, down: Buffer): Outcome {
  const atServer: Buffer[] = [];
  const atClient: Buffer[] = [];
  const listener = new TcpListener(pipe.server.stack);
  pipe.start(
    (function* () {
      listener.bind(0 as never, 80);
      listener.listen(5);
      const socket = yield* listener.accept();
      if (typeof socket === "number") return 1;
      const sender = pipe.start(sendAll(socket, down));
      yield* receiveAll(socket, atServer);
      while (sender.status === null) yield waitFor([sender.exited]);
      yield* socket.close();
      listener.close();
      return 0;
    })(),
  );
  pipe.start(
    (function* () {
      const socket = new TcpSocket(pipe.client.stack);
      for (;;) if ((yield* socket.connect(SERVER, 80)) === 0) break;
      const sender = pipe.start(sendAll(socket, up));
      yield* receiveAll(socket, atClient);
      while (sender.status === null) yield waitFor([sender.exited]);
      yield* socket.close();
      return 0;
    })(),
  );
  pipe.run(3_000_000);
  return {
    atServer: Buffer.concat(atServer),
    atClient: Buffer.concat(atClient),
    leaked: pipe.pool.outstanding,
  };
}

describe("transport/tcp/reliability", () => {
  it("delivers every byte in order, both ways, under random loss, reordering and duplication", () => {
    for (let seed = 1; seed <= 200; seed += 1) {
      const pipe = new Pipe(seed);
      const dice = new RandomStream(seed, "fate");
      const loss = dice.below(20) / 100;
      pipe.delayNs = (1 + dice.below(40)) * NS_PER_MS;
      pipe.fate = (): Fate => ({
        copies: dice.chance(loss) ? 0 : dice.chance(0.03) ? 2 : 1,
        extraNs: dice.chance(0.1) ? dice.below(20 * NS_PER_MS) : 0,
      });
      const up = pattern(4 * (1 + dice.below(30_000)), seed);
      const down = pattern(4 * (1 + dice.below(10_000)), seed + 1);

      const outcome = exchange(pipe, up, down);

      expect(outcome.atServer.equals(up), `seed ${seed} up`).to.equal(true);
      expect(outcome.atClient.equals(down), `seed ${seed} down`).to.equal(true);
      expect(outcome.leaked, `seed ${seed} frames`).to.equal(0);
    }
  });

  it("repairs the loss of any single segment of a short exchange", () => {
    for (const side of ["client", "server"] as const) {
      for (let victim = 0; victim < 14; victim += 1) {
        const pipe = new Pipe(7);
        pipe.fate = (from, index) => ({
          copies: from === side && index === victim ? 0 : 1,
          extraNs: 0,
        });
        const up = pattern(12_000, 1);
        const down = pattern(8_000, 2);

        const outcome = exchange(pipe, up, down);

        expect(outcome.atServer.equals(up), `${side} ${victim} up`).to.equal(true);
        expect(outcome.atClient.equals(down), `${side} ${victim} down`).to.equal(true);
        expect(outcome.leaked, `${side} ${victim} frames`).to.equal(0);
      }
    }
  });
});
