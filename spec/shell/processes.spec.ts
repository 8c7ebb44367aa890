/** Texts of coreutils 9.1, findutils 4.9 and procps 4.0. */
import { expect } from "chai";
import { World } from "./world.ts";

describe("shell/commands (processes and words)", () => {
  it("runs a command with words of standard input", () => {
    const world = new World("a");

    expect(world.run("a", "printf 'a b\\nc\\n' | xargs echo x")).to.equal("x a b c\n");
    expect(world.run("a", "printf 'a b\\nc\\n' | xargs -n 1 echo x")).to.equal("x a\nx b\nx c\n");
    expect(world.run("a", "printf 'a b\\nc\\n' | xargs -I% echo '<%>'")).to.equal("<a b>\n<c>\n");
    expect(world.run("a", "printf '' | xargs -r echo x; printf '' | xargs echo x")).to.equal("x\n");
    expect(world.status("a", "echo 1 | xargs false").status).to.equal(123);
  });

  it("writes and reads base64", () => {
    const world = new World("a");

    expect(world.run("a", "echo -n admin | base64")).to.equal("YWRtaW4=\n");
    expect(world.run("a", "echo YWRtaW4= | base64 --decode")).to.equal("admin");
    expect(world.run("a", "seq 40 | base64 -w0 | wc -l")).to.equal("0\n");
    expect(world.run("a", "seq 40 | base64 | head -1 | wc -c")).to.equal("77\n");
    expect(world.status("a", "echo 'YQ==!' | base64 -d")).to.deep.include({
      status: 1,
      out: "a",
      err: "base64: invalid input\n",
    });
  });

  it("lists what runs, and sends signals by name or number", () => {
    const world = new World("a");
    world.start("a", "sleep 1000");

    expect(world.run("a", "ps -ef")).to.match(
      /^UID +PID +PPID +C STIME TTY +TIME CMD\nroot +[0-9]+ .* sleep 1000\nroot +[0-9]+ .* ps -ef\n$/,
    );
    expect(world.run("a", "sleep 9 & kill -0 $! && kill -TERM $!; wait $!; echo $?")).to.equal(
      "143\n",
    );
  });
});
