/** A server whose answers are given as bytes, for specs of clients. */
import { fromUtf8, utf8 } from "../../lib/base/bytes.ts";
import { ANY_ADDRESS } from "../../lib/base/inet.ts";
import type { Process } from "../../lib/sim/process.ts";
import { TcpListener } from "../../lib/socket/tcp-listener.ts";
import { transportsOf } from "../../lib/transport/stack.ts";
import type { World } from "../shell/world.ts";

/** `closes`: whether the connection ends behind the answer. */
export interface CannedAnswer {
  readonly text: string;
  readonly closes: boolean;
}

/** Answers one request after the other, at `port` of host `b`; requests end with an empty line. */
export function serve(world: World, port: number, answers: readonly CannedAnswer[]): Process {
  const { namespace } = world.host("b");
  const left = [...answers];
  function* server() {
    const listener = new TcpListener(transportsOf(namespace));
    listener.bind(ANY_ADDRESS, port);
    listener.listen(8);
    while (left.length > 0) {
      const client = yield* listener.accept();
      if (typeof client === "number") return 1;
      let got = "";
      for (;;) {
        const bytes = yield* client.read(65536);
        if (typeof bytes === "number" || bytes.length === 0) break;
        got += fromUtf8(bytes);
        if (!got.includes("\r\n\r\n")) continue;
        got = "";
        const answer = left.shift();
        if (answer === undefined) break;
        yield* client.write(utf8(answer.text));
        if (answer.closes) break;
      }
      client.closeNow();
    }
    return 0;
  }
  return world.processes.spawn("canned", server());
}

/** An answer after which the connection stays open. */
export function stays(text: string): CannedAnswer {
  return { text, closes: false };
}

/** An answer after which the server closes. */
export function closes(text: string): CannedAnswer {
  return { text, closes: true };
}
