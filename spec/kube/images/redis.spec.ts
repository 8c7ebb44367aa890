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

  it("takes its port and master from a file, options after it, and says which file is missing", () => {
    const { world } = run({ image: "redis:7", args: ["--port", "7001"] });
    const conf = "# of the site\nport 7002\nreplicaof 10.0.0.2 7001\n";
    world.host("b").files.write("/etc/redis.conf", new TextEncoder().encode(conf));
    const replica = new Running(world, { image: "redis:7", args: ["/etc/redis.conf"] });
    const command = ["redis-server", "/etc/redis.conf", "--port", "7003", "--replicaof no one"];
    const master = new Running(world, { image: "redis:7", command });
    const lost = new Running(world, { image: "redis:7", args: ["/nope.conf"] });
    master.pass(2);
    const role = (port: number) =>
      master.ask(`printf 'INFO\\r\\nQUIT\\r\\n' | nc 10.0.0.2 ${port} | grep role`).trim();

    expect([7001, 7002, 7003].map(role)).to.deep.equal([
      "role:master",
      "role:slave",
      "role:master",
    ]);
    expect([replica.status, lost.status]).to.deep.equal([null, 1]);
    expect(lost.output).to.contain(
      "Fatal error, can't open config file '/nope.conf': No such file",
    );
  });

  it("tells clients of a sentinel where the master is", () => {
    const { world } = run("nginx");
    const conf = "sentinel monitor mymaster 10.0.0.9 6379 2\n";
    world.host("b").files.write("/s.conf", new TextEncoder().encode(conf));
    const sentinel = new Running(world, { image: "redis:7", args: ["redis-sentinel", "/s.conf"] });
    const client = new Running(world, {
      image: "redis:7",
      args: [
        "sh",
        "-c",
        "for name in mymaster nope; do redis-cli -p 26379 sentinel get-master-addr-by-name $name; done; redis-cli -p 26379 get a",
      ],
    });
    client.pass(1);

    expect(sentinel.status).to.equal(null);
    expect(client.output).to.equal(
      "10.0.0.9\n6379\n\nERR unknown command 'get', with args beginning with: 'a' \n\n",
    );
  });

  it("has a client that prints as redis-cli does without a terminal", () => {
    const { world } = run("redis:7");
    const lines = [
      ["ping", "PONG\n"],
      ["set a 1", "OK\n"],
      ["get a", "1\n"],
      ["get nope", "\n"],
      ["lpush l x y", "2\n"],
      ["lrange l 0 -1", "y\nx\n"],
      ["lrange none 0 -1", "\n"],
      ["-n 2 ping hello", "hello\n"],
      ["foo", "ERR unknown command 'foo', with args beginning with: \n\n"],
      ["-p 81 ping", "Could not connect to Redis at 127.0.0.1:81: Connection refused\n"],
      ["-h nosuch ping", "Could not connect to Redis at nosuch:6379: Name or service not known\n"],
    ];
    const script = `${lines.map(([line]) => `redis-cli ${line}`).join("; ")}; printf 'ping\nget a\n' | redis-cli`;
    const client = new Running(world, { image: "redis:7", args: ["sh", "-c", script] });
    client.pass(30);

    expect(client.output).to.equal(`${lines.map(([, text]) => text).join("")}PONG\n1\n`);
  });
});
