/** Texts are those of PostgreSQL's, MySQL's and MongoDB's own clients. */
import { expect } from "chai";
import { execProgram } from "../../../lib/kube/images/exec.ts";
import { type Running, run } from "./world.ts";

/** What a probe's command prints, and its exit status. */
function probe({ container, world }: Running, ...words: string[]): [string, number] {
  let text = "";
  const print = (more: string): void => {
    text += more;
  };
  const io = { stdin: null, stdout: print, stderr: print };
  const process = world.processes.spawn("probe", execProgram(container, words, io));
  world.scheduler.runUntil(world.cpu.now + 3e9);
  return [text, process.status ?? -1];
}

describe("kube/images/database-clients", () => {
  it("waits in a script until a server of that name takes connections", () => {
    const script = "until pg_isready -h 10.0.0.1 -p 5432; do sleep 2; done; echo up; sleep 99";
    const waiting = run({ image: "postgres:16", command: ["sh", "-c", script] });
    waiting.pass(3);

    waiting.world.start("a", "nc -l -p 5432");
    waiting.pass(3);

    expect(waiting.output).to.equal(
      "10.0.0.1:5432 - no response\n10.0.0.1:5432 - no response\n10.0.0.1:5432 - accepting connections\nup\n",
    );
  });

  it("asks the container's own server, which answers for its stand-in", () => {
    const server = run("postgres:16");

    expect(probe(server, "pg_isready", "-U", "app")).to.deep.equal([
      "/var/run/postgresql:5432 - accepting connections\n",
      0,
    ]);
    expect(probe(server, "psql", "-U", "app", "-tAc", "SELECT 1")).to.deep.equal(["1\n", 0]);
    expect(probe(server, "mysqladmin", "ping", "-uroot", "-pno")).to.deep.equal([
      "mysqld is alive\n",
      0,
    ]);
    expect(probe(server, "mysql", "-h127.0.0.1", "-e", "SELECT 1")).to.deep.equal(["1\n1\n", 0]);
    const ping = "db.adminCommand('ping').ok";
    expect(probe(server, "mongosh", "--quiet", "--eval", ping)).to.deep.equal(["1\n", 0]);
  });

  it("lets probes of a stand-in succeed whatever they ask it, and those of a script tell the truth", () => {
    const server = run("example.com/worker:1");
    const script = run({ image: "example.com/worker:1", command: ["sh", "-c", "sleep 99"] });

    expect(probe(server, "cat", "/tmp/healthy")[1]).to.equal(0);
    expect(probe(server, "mysql", "-e", "SHOW TABLES")[1]).to.equal(0);
    expect(probe(script, "cat", "/tmp/healthy")[1]).to.equal(1);
  });
});
