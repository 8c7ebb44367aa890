/**
 * `vethwork rules`: what kube-proxy of a release writes on a node for the objects in a file, as
 * inputs of iptables-restore or as iptables-save afterwards.
 */
import { type Command, Option } from "commander";
import { PROXY_MODES } from "../../lib/kube/proxy/create.ts";
import { RELEASES } from "../../lib/kube/proxy/release.ts";
import { collect, wholeNumber } from "../arguments.ts";
import { DEFAULT_NODE } from "../rules/defaults.ts";
import { play, type Scene } from "../rules/play.ts";
import { readScene } from "../rules/scene.ts";

/** The options as commander gives them. */
interface RulesOptions {
  readonly objects: readonly string[];
  readonly config?: string;
  readonly node?: string;
  readonly nodeSetup?: string;
  readonly mode?: string;
  readonly kubeProxyVersion?: string;
  readonly format: "save" | "restore";
  readonly seed: number;
}

/** Adds the `rules` sub-command. */
export function addRulesCommand(program: Command): void {
  program
    .command("rules")
    .description("print the rules that kube-proxy writes for the objects in a file")
    .requiredOption(
      "--objects <file>",
      "objects as YAML or JSON, - for standard input; again for each next state",
      collect,
    )
    .option("--config <file>", "a KubeProxyConfiguration, merged into the default one")
    .option("--node <name>", `the node whose rules to print (default: ${DEFAULT_NODE})`)
    .option("--node-setup <file>", "ip commands to run on the node first")
    .addOption(new Option("--mode <mode>", "instead of the configuration's").choices(PROXY_MODES))
    .option(
      "--kube-proxy-version <version>",
      `${RELEASES.map(({ version }) => version).join(", ")} (default: the newest with the mode)`,
    )
    .addOption(
      new Option("--format <format>", "what is printed, see below")
        .choices(["save", "restore"])
        .default("save"),
    )
    .option("--seed <number>", "for the proxy ports of userspace mode", wholeNumber(0), 1)
    .addHelpText("after", HELP)
    .action((options: RulesOptions) => {
      const notes = (line: string): boolean => process.stderr.write(`${line}\n`);
      process.stdout.write(rulesText(options, notes));
    });
}

const HELP = `
restore prints each input of iptables-restore under a line "# sync N", save prints iptables-save
after each state under a line "# state N". The node has lo, eth0 with 172.18.0.2/16 and a default
route by 172.18.0.1. Without --config, clusterCIDR is 10.244.0.0/16, portRange 10400-10499 and
syncPeriod 1h. Services are written in order of namespace/name:port:protocol.

Exit status: 0 printed, 2 bad input.`;

/** What the sub-command prints; `note` takes lines for stderr. Throws `VethworkError`. */
export function rulesText(options: RulesOptions, note: (line: string) => void): string {
  const scene = sceneOf(options, note);
  const parts: string[] = [];
  let syncs = 0;
  play(scene, ({ node, restores }, state) => {
    if (options.format === "save") parts.push(`# state ${state}\n`, node.rules.save());
    for (const text of options.format === "restore" ? restores : []) {
      syncs += 1;
      parts.push(`# sync ${syncs}\n`, text);
    }
  });
  return parts.join("");
}

function sceneOf(options: RulesOptions, note: (line: string) => void): Scene {
  const scene = readScene(
    {
      objects: options.objects,
      config: options.config ?? null,
      nodeSetup: options.nodeSetup ?? null,
      node: options.node ?? null,
      mode: options.mode ?? null,
      version: options.kubeProxyVersion ?? null,
      seed: options.seed,
    },
    note,
  );
  if (scene.configuration.mode === "userspace" && options.format === "restore") {
    note("note: userspace mode makes its rules by single commands, not by iptables-restore");
  }
  return scene;
}
