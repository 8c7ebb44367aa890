/** Answers of Redis 7.0.15 to the same lines. */
import { expect } from "chai";
import { Running, run } from "./world.ts";

const LINES: readonly (readonly [string, string])[] = [
  ["PING", "+PONG"],
  ["SET a", "-ERR wrong number of arguments for 'set' command"],
  ["SET a 1", "+OK"],
  ["GET a", "$1\n1"],
  ["INCR a", ":2"],
  ["APPEND a xy", ":3"],
  ["INCR a", "-ERR value is not an integer or out of range"],
  ["GET nope", "$-1"],
  ["FOO bar baz", "-ERR unknown command 'FOO', with args beginning with: 'bar' 'baz' "],
  ["DEL a nope", ":1"],
  ["EXISTS a", ":0"],
  ["LPUSH l a b", ":2"],
  ["LRANGE l 0 -1", "*2\n$1\nb\n$1\na"],
  ["GET l", "-WRONGTYPE Operation against a key holding the wrong kind of value"],
  ["SELECT 99", "-ERR DB index is out of range"],
  ["MGET l zz", "*2\n$-1\n$-1"],
  ["QUIT", "+OK"],
];

describe("kube/images/redis", () => {
  it("answers as Redis does", () => {
    const web = run("redis:7");
    const requests = LINES.map(([line]) => `${line}\\r\\n`).join("");

    expect(web.ask(`printf '${requests}' | nc 10.0.0.2 6379`).replaceAll("\r\n", "\n")).to.equal(
      LINES.map(([, reply]) => `${reply}\n`).join(""),
    );
    web.terminate();
    web.pass(1);
    expect(web.status).to.equal(0);
  });

  it("makes the guestbook work: set at the leader, got from the follower", () => {
    const leader = run(
      "registry.k8s.io/redis@sha256:cb111d1bd870a6a471385a4a69ad17469d326e9dd91e0e455350cacf36e1b3ee",
    );
    const { world } = leader;
    const hosts = new TextEncoder().encode("10.0.0.2 redis-leader\n10.0.0.1 redis-follower\n");
    for (const name of ["a", "b"]) world.host(name).files.write("/etc/hosts", hosts);
    leader.ask("printf 'SET before 1\\r\\nQUIT\\r\\n' | nc 10.0.0.2 6379");
    const follower = new Running(world, {
      image: "us-docker.pkg.dev/google-samples/containers/gke/gb-redis-follower:v2",
      host: "a",
    });
    new Running(world, { image: "gcr.io/google_samples/gb-frontend:v5" });
    follower.pass(2);
    const page = "http://10.0.0.2/guestbook.php";

    expect(leader.ask(`curl -s '${page}?cmd=get&key=before'`)).to.equal('{"data": "1"}');
    expect(leader.ask(`curl -s '${page}?cmd=set&key=messages&value=,hi'`)).to.equal(
      '{"message": "Updated"}',
    );
    expect(leader.ask(`curl -s '${page}?cmd=get&key=messages'`)).to.equal('{"data": ",hi"}');
    expect(leader.ask("printf 'SET a 1\\r\\nQUIT\\r\\n' | nc 10.0.0.1 6379")).to.equal(
      "-READONLY You can't write against a read only replica.\r\n+OK\r\n",
    );
  });
});
