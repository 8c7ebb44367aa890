/**
 * What a run leaves behind besides a capture of each interface: the names of its files, and what
 * each host prints about itself at the end.
 */
import { NS_PER_S, type Ns } from "../base/units.ts";
import type { Host } from "./build.ts";
import type { Clock } from "./clock.ts";
import { RunningCommand } from "./command.ts";

/** The merged capture. */
export const MERGED_CAPTURE = "merged.pcapng";
/** Its text, a line for each frame. */
export const MERGED_DUMP = "merged.txt";
export const REPORT_TEXT = "report.txt";
export const REPORT_JSON = "report.json";

/** What is asked of each host at the end: the end of the file's name, and the command. */
const QUESTIONS: readonly (readonly [suffix: string, command: string])[] = [
  ["iptables-save.txt", "iptables-save -c"],
  ["conntrack.txt", "conntrack -L"],
  ["links.txt", "ip -s link"],
  ["neighbours.txt", "ip neigh"],
];
const QUESTION_TIMEOUT: Ns = NS_PER_S;

/** What the hosts print about themselves: file name to text. Nothing printed, no file. */
export function askHosts(hosts: readonly Host[], clock: Clock): Map<string, string> {
  const answers = new Map<string, string>();
  for (const host of hosts) {
    for (const [suffix, line] of QUESTIONS) {
      const question = new RunningCommand(host, line, { startNs: host.machine.costs.startNs });
      clock.finish([{ command: question, timeoutNs: QUESTION_TIMEOUT }]);
      const name = `${host.name.replaceAll("/", "-")}-${suffix}`;
      if (question.stdout !== "") answers.set(name, question.stdout);
    }
  }
  return answers;
}
