/**
 * `kubectl get --watch`: the objects as they are, then a line at each change of one of them.
 *
 * Spec: kubectl v1.36, cmd/get (watch); cli-runtime printers (columns keep the width that they have
 * had).
 * Differs: what changes twice at one moment is told once.
 */
import type { CommandStreams } from "../../shell/command.ts";
import { type Program, waitFor } from "../../sim/process.ts";
import type { ApiObject } from "../api/types.ts";
import { type Arguments, UsageError } from "./arguments.ts";
import { Failures } from "./failures.ts";
import { ordered, tableOf } from "./get.ts";
import { findIn, nameOf, type Selection, selections } from "./select.ts";
import { type KubectlSurroundings, printed } from "./surroundings.ts";

const GAP = 3;

/** Never ends by itself; somebody has to end it. */
export function* watch(
  around: KubectlSurroundings,
  args: Arguments,
  io: CommandStreams,
): Program<number> {
  const { server, changes } = around;
  let selection: Selection | null = null;
  const refused = printed(io, () => {
    selection = watched(around, args);
  });
  if (refused !== 0 || selection === null) return refused;
  const lines = new WatchLines(around, args, selection);
  let known = new Map<string, ApiObject>();
  const look = (): ApiObject[] =>
    ordered(findIn(server, selection as unknown as Selection, args, new Failures()));
  for (const object of look()) {
    known.set(object.metadata.uid, object);
    if (!args.flag("watch-only")) io.stdout(lines.of(object, "ADDED"));
  }
  for (;;) {
    const now = new Map(look().map((object) => [object.metadata.uid, object]));
    for (const [uid, object] of known) {
      if (!now.has(uid)) io.stdout(lines.of(object, "DELETED"));
    }
    for (const [uid, object] of now) {
      const before = known.get(uid);
      if (before === undefined) io.stdout(lines.of(object, "ADDED"));
      else if (before !== object) io.stdout(lines.of(object, "MODIFIED"));
    }
    known = now;
    yield waitFor([changes]);
  }
}

function watched({ server }: KubectlSurroundings, args: Arguments): Selection {
  const [selection, second] = selections(server, args.words);
  const format = args.option("o") ?? args.option("output") ?? "";
  if (!["", "wide", "name"].includes(format)) {
    throw new UsageError(`--watch with -o ${format} is not modelled: use wide or name`);
  }
  if (selection === undefined || second !== undefined) {
    throw new UsageError("you may only specify a single resource type");
  }
  const failures = new Failures();
  findIn(server, selection, args, failures);
  failures.throwFirst();
  return selection;
}

/** Lines of a table that grows; no column gets narrower again. */
class WatchLines {
  readonly #isName: boolean;
  readonly #withEvents: boolean;
  readonly #table: ReturnType<typeof tableOf>;
  readonly #widths: number[] = [];
  #hasHead: boolean;

  constructor({ server }: KubectlSurroundings, args: Arguments, { resource }: Selection) {
    this.#isName = (args.option("o") ?? args.option("output")) === "name";
    this.#withEvents = args.flag("output-watch-events");
    this.#table = tableOf(server, args, resource, false);
    this.#hasHead = args.flag("no-headers");
  }

  /** The line of an object, with the heads before the first. */
  of(object: ApiObject, event: string): string {
    if (this.#isName) return `${nameOf(object)}\n`;
    const { head, row } = this.#table;
    const first = this.#hasHead ? [] : [this.#withEvents ? ["EVENT", ...head] : head];
    this.#hasHead = true;
    const cells = this.#withEvents ? [event, ...row(object)] : row(object);
    const rows = [...first, cells];
    for (const each of rows) this.#widen(each);
    return rows.map((each) => `${this.#line(each)}\n`).join("");
  }

  #widen(row: readonly string[]): void {
    for (const [column, cell] of row.entries()) {
      this.#widths[column] = Math.max(this.#widths[column] ?? 0, cell.length);
    }
  }

  #line(row: readonly string[]): string {
    const last = row.length - 1;
    return row
      .map((cell, at) => (at === last ? cell : cell.padEnd((this.#widths[at] ?? 0) + GAP)))
      .join("");
  }
}
