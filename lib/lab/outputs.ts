/**
 * Compares what commands print, here and on a real kernel. What differs from run to run is taken
 * out first, and nothing else:
 *
 * | in what is printed | becomes |
 * | --- | --- |
 * | durations: `time=0.04 ms`, `time 1001ms`, ping's last line | `TIME` |
 * | how long a conntrack entry has to live, up to a minute less than it began with | `TTL` |
 * | ephemeral ports and other numbers from 1024 on after `sport=`, `dport=`, `:`, and ping's `id=` | `port1`, in order of appearance |
 * | sequence of entries of conntrack -L, ss and ip neigh, which hashes decide | sorted |
 * | comment lines of iptables-save (program version and date) | left out |
 * | runs of blanks, blanks at the end of a line | one blank, none |
 */

/** What a command did. */
export interface CommandOutput {
  readonly on: string;
  readonly run: string;
  readonly status: number;
  readonly stdout: string;
}

/** The first difference between two runs of the same commands, in words; null if there is none. */
export function compareOutputs(
  expected: readonly CommandOutput[],
  actual: readonly CommandOutput[],
): string | null {
  for (const [index, there] of expected.entries()) {
    const here = actual[index];
    const command = `${there.on}$ ${there.run}`;
    if (here === undefined) return `${command}: did not run here`;
    if (there.status !== here.status) {
      return `${command}: exit status ${there.status} on the kernel, ${here.status} here`;
    }
    const [left, right] = [normaliseOutput(there), normaliseOutput(here)];
    for (let line = 0; line < Math.max(left.length, right.length); line += 1) {
      if (left[line] !== right[line]) {
        const [a, b] = [quoted(left[line]), quoted(right[line])];
        return `${command}: line ${line + 1} ${a} on the kernel, ${b} here`;
      }
    }
  }
  return null;
}

/** The lines that a command printed, without what differs from run to run. */
export function normaliseOutput({ run, stdout }: CommandOutput): string[] {
  const ports = new Map<string, string>();
  const lines = stdout
    .split("\n")
    .map((line) => line.replace(/\s+/g, " ").trim())
    .filter((line) => line !== "" && !line.startsWith("# "))
    .map(withoutTimes);
  const isListed = /\b(conntrack|ss|ip neigh)\b/.test(run);
  const body = isListed ? lines.map(withoutTtl).sort(byShape) : lines;
  return isListed ? body.map((line) => withNamedPorts(line, ports)) : body;
}

function withoutTimes(line: string): string {
  return line
    .replace(/\btime[= ][0-9.]+ ?ms/g, "TIME")
    .replace(/^(rtt [a-z/]+) = .*$/, "$1 = TIME")
    .replace(/\b[0-9]+\.[0-9]+ ms\b/g, "TIME");
}

/** `tcp 6 119 TIME_WAIT`: the third word is what is left of the entry's life. */
function withoutTtl(line: string): string {
  return line.replace(/^([a-z]+ [0-9]+) [0-9]+ /, "$1 TTL ");
}

/** Ephemeral ports hidden, so that the order does not depend on them. */
function byShape(a: string, b: string): number {
  const [left, right] = [shapeOf(a), shapeOf(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}

const EPHEMERAL = /((?:sport|dport)=|:)([0-9]{5})\b|\b(id=)([0-9]+)\b/g;
const FIRST_EPHEMERAL = 32_768;

function shapeOf(line: string): string {
  return line.replace(EPHEMERAL, "$1$3PORT");
}

function withNamedPorts(line: string, names: Map<string, string>): string {
  return line.replace(
    EPHEMERAL,
    (all, before?: string, port?: string, id?: string, value?: string) => {
      if (id === undefined && Number(port) < FIRST_EPHEMERAL) return all;
      const number = port ?? `id ${value}`;
      const name = names.get(number) ?? `port${names.size + 1}`;
      names.set(number, name);
      return `${before ?? id}${name}`;
    },
  );
}

function quoted(line: string | undefined): string {
  return line === undefined ? "nothing" : JSON.stringify(line);
}
