/**
 * The tables of one host: changed by edits and by restore text, printed as iptables-save prints
 * them. Where the outcome of restore text is known, it waits until somebody looks at the tables.
 */
import { LineText } from "../base/line-text.ts";
import { RuleHistory } from "./history.ts";
import type { TableRegistry } from "./table.ts";
import { TABLE_NAMES, Table, type TableName } from "./table.ts";
import { TableEdit } from "./table-edit.ts";
import { type CommittedEdit, TableOutcome } from "./table-outcome.ts";
import { type SaveOptions, saveTable } from "./text/printer.ts";
import { type RestoreOptions, RestoreReader, type RestoreTarget } from "./text/restore.ts";

/** All tables of a host. */
export class RuleTables implements TableRegistry {
  readonly #target: RestoreTarget;
  /** Those that have been used; as they should be once `catchUp` has been called. */
  readonly known: Record<TableName, Table | null> = {
    mangle: null,
    security: null,
    raw: null,
    filter: null,
    nat: null,
  };
  /** Counts edits that made or deleted chains. */
  chainChanges = 0;
  #history = RuleHistory.NONE;
  /** What waits until somebody looks at the tables. */
  #waiting: TableOutcome[] = [];
  readonly #waitingTables = new Set<TableName>();
  /** The edits so far of the input that is being carried out; null: none is. */
  #edits: CommittedEdit[] | null = null;
  /** What the edit that has begun is, if somebody says it. */
  #step: string | null = null;

  /** `target` is what rules are made with; its edits are those of these tables. */
  constructor(target: RestoreTarget) {
    this.#target = target;
  }

  /** A table, or null if it has not been used yet. */
  table(name: TableName): Table | null {
    if (this.#waitingTables.has(name)) this.catchUp();
    return this.known[name];
  }

  /**
   * Begins a change of a table, which comes into being with it if it was not there. `step` says
   * what the change is, if that says all of it.
   */
  edit(name: TableName, step: string | null = null): TableEdit {
    this.catchUp();
    this.#step = step;
    return new TableEdit(this.known[name] ?? new Table(name, this.#target), this);
  }

  chainsChanged(): void {
    this.chainChanges += 1;
  }

  tracking(rules: number): void {
    this.#target.conntrack.claim(rules);
  }

  has(table: Table): boolean {
    return this.known[table.name] === table;
  }

  committed(edit: CommittedEdit): void {
    if (this.#edits !== null) {
      this.#edits.push(edit);
      return;
    }
    this.#history = this.#step === null ? new RuleHistory() : this.#history.after(this.#step);
    this.#step = null;
  }

  place(table: Table): void {
    if (this.known[table.name] !== null) return;
    this.known[table.name] = table;
  }

  discard(table: Table): void {
    if (this.known[table.name] !== table) return;
    this.known[table.name] = null;
    this.chainsChanged();
  }

  /**
   * Reads iptables-restore text. Each table is changed at its COMMIT or not at all; a `RuleError`
   * names line and column. O(rules).
   */
  restore(text: string | LineText, options: RestoreOptions = {}): void {
    const history = this.#history.after(stepOf(text, options));
    if (history.outcomes !== null) {
      for (const outcome of history.outcomes) {
        this.#waiting.push(outcome);
        this.#waitingTables.add(outcome.table);
      }
      this.#history = history;
      this.chainChanges += 1;
      return;
    }
    this.catchUp();
    this.#history = new RuleHistory();
    const edits: CommittedEdit[] = [];
    const reader = this.#read(text, options, edits);
    if (text instanceof LineText && reader.isForAll) history.outcomes = outcomesOf(edits);
    this.#history = history;
  }

  #read(text: string | LineText, options: RestoreOptions, edits: CommittedEdit[]): RestoreReader {
    const reader = new RestoreReader(this.#target, options);
    this.#edits = edits;
    try {
      reader.read(text);
    } finally {
      this.#edits = null;
    }
    return reader;
  }

  /** Puts in place what waits; whether chains have come or gone has been told already. @hot */
  catchUp(): void {
    if (this.#waiting.length > 0) this.#putInPlace();
  }

  #putInPlace(): void {
    for (const outcome of this.#waiting) {
      const table = this.known[outcome.table] ?? new Table(outcome.table, this.#target);
      outcome.putInPlace(table);
      if (outcome.placed) this.place(table);
      this.tracking(outcome.tracking);
    }
    this.#waiting = [];
    this.#waitingTables.clear();
  }

  /** The tables that have been used, or one of them, as iptables-save prints them. */
  save(table: TableName | null = null, options: SaveOptions = {}): string {
    this.catchUp();
    let text = "";
    for (const name of TABLE_NAMES) {
      const known = this.known[name];
      if (known !== null && (table === null || table === name)) text += saveTable(known, options);
    }
    return text;
  }
}

/** What edits have made of different tables; null if it is a matter of the host. */
function outcomesOf(edits: readonly CommittedEdit[]): readonly TableOutcome[] | null {
  const outcomes: TableOutcome[] = [];
  for (const edit of edits) {
    const outcome = TableOutcome.of(edit);
    // Chains of a table that was changed twice may have come and gone in between.
    if (outcome === null || outcomes.some(({ table }) => table === outcome.table)) return null;
    outcomes.push(outcome);
  }
  return outcomes;
}

/** An input as a step of a history. */
function stepOf(text: string | LineText, options: RestoreOptions): string | LineText {
  const { noflush, counters, table, test } = options;
  const isKubeProxys = noflush === true && counters === true && table === undefined;
  if (text instanceof LineText && isKubeProxys && test !== true) return text;
  const lines = typeof text === "string" ? text : text.text;
  return `${noflush} ${counters} ${table} ${test}\n${lines}`;
}
