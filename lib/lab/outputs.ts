/**
 * Compares what commands print, here and on a real kernel. What differs from run to run is taken
 * out first, and nothing else:
 *
 * | in what is printed | becomes |
 * | --- | --- |
 * | durations: `time=0.04 ms`, `time 1001ms`, ping's last line, timers of a bridge | `TIME` |
 * | seconds since an entry was used (`-s` of `ip neigh` and `bridge fdb`) | `TIMES` |
 * | how long a conntrack entry has to live, up to a minute less than it began with | `TTL` |
 * | ports of the side that began, in conntrack entries; ephemeral ports after `:` | `port1`, in order of appearance |
 * | ICMP echo identifiers in conntrack entries | `ID` |
 * | sequence of entries of conntrack -L, ss, netstat and ip neigh, which hashes decide | sorted |
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
    .map(withoutTimes)
    .map(withoutChance);
  const isListed = /\b(conntrack|ss|netstat|ip neigh)\b/.test(run);
  const body = isListed ? lines.map(withoutTtl).sort(byShape) : lines;
  return isListed ? body.map((line) => withNamedPorts(line, ports)) : body;
}

function withoutTimes(line: string): string {
  return line
    .replace(/\btime[= ][0-9.]+ ?ms/g, "TIME")
    .replace(/^(rtt [a-z/]+) = .*$/, "$1 = TIME")
    .replace(/\b[0-9]+\.[0-9]+ ?ms\b/g, "TIME")
    .replace(/\b([a-z_]+_timer) [0-9]+\.[0-9]+/g, "$1 TIME")
    .replace(/\bused [0-9]+(\/[0-9]+)+/g, "used TIMES");
}

/** `tcp 6 119 TIME_WAIT`: the third word is what is left of the entry's life. */
function withoutTtl(line: string): string {
  return line.replace(/^([a-z]+ [0-9]+) [0-9]+ /, "$1 TTL ");
}

/** What a connection tracking entry has from chance: `port` stands before each such port. */
function withoutChance(line: string): string {
  return line
    .replace(/\b(type=[0-9]+ code=[0-9]+) id=[0-9]+/g, "$1 id=ID")
    .replace(/\bsport=([0-9]{4,}) (dport=.*)\bdport=([0-9]{4,})/, "sport=:$1 $2dport=:$3");
}

/** Ephemeral ports hidden, so that the order does not depend on them. */
function byShape(a: string, b: string): number {
  const [left, right] = [shapeOf(a), shapeOf(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** A port from chance in an entry, or one of the usual range after an address. */
const EPHEMERAL = /(port=):([0-9]+)\b|(:)((?:3[2-9]|[4-6][0-9])[0-9]{3})\b/g;

function shapeOf(line: string): string {
  return line.replace(EPHEMERAL, "$1$3PORT");
}

function withNamedPorts(line: string, names: Map<string, string>): string {
  return line.replace(EPHEMERAL, (_all, entry = "", first = "", colon = "", second = "") => {
    const port = `${first}${second}`;
    const name = names.get(port) ?? `port${names.size + 1}`;
    names.set(port, name);
    return `${entry}${colon}${name}`;
  });
}

function quoted(line: string | undefined): string {
  return line === undefined ? "nothing" : JSON.stringify(line);
}
