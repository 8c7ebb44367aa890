import { expect } from "chai";
import { utf8 } from "../../lib/base/bytes.ts";
import { commandSet } from "../../lib/shell/command-set.ts";
import { FileSystem } from "../../lib/shell/files.ts";
import { withScripts } from "../../lib/shell/script-files.ts";
import { pair } from "./world.ts";

/** Whether a file of that text is a command. */
function isCommand(text: string, path = "/x/run"): boolean {
  const files = new FileSystem();
  files.write("/x/run", utf8(text));
  return withScripts(commandSet("dash", []), files).find(path) !== null;
}

describe("shell/script-files", () => {
  it("takes files that begin with a shell for commands, by their paths", () => {
    const heads = ["#!/bin/sh\n", "#! /bin/bash -e\n", "#!/usr/bin/env bash\n", "#!/bin/ash\r\n"];

    for (const head of heads) expect(isCommand(`${head}echo\n`), head).to.equal(true);
    for (const head of ["#!/usr/bin/python3\n", "echo\n", "\n#!/bin/sh\n", ""]) {
      expect(isCommand(`${head}echo\n`), head).to.equal(false);
    }
    expect(isCommand("#!/bin/sh\n", "run")).to.equal(false);
    expect(isCommand("#!/bin/sh\n", "/x/other")).to.equal(false);
  });
});

describe("shell/system-sysctls", () => {
  it("reads and sets parameters beside those of the network", () => {
    const world = pair();
    const run = (line: string) => world.run("a", line);

    expect(run("sysctl vm.max_map_count; cat /proc/sys/vm/swappiness")).to.equal(
      "vm.max_map_count = 65530\n60\n",
    );
    expect(
      run("sysctl -w vm.max_map_count=262144; echo 1 > /proc/sys/vm/overcommit_memory"),
    ).to.equal("vm.max_map_count = 262144\n");
    expect(run("sysctl -n vm.max_map_count vm.overcommit_memory")).to.equal("262144\n1\n");
    expect(world.status("a", "sysctl -w vm.swappiness=much").err).to.equal(
      'sysctl: setting key "vm.swappiness": Invalid argument\n',
    );
    expect(world.status("a", "sysctl vm.nothing").err).to.equal(
      "sysctl: cannot stat /proc/sys/vm/nothing: No such file or directory\n",
    );
  });
});
