/**
 * The kernel parameters of a host: a tree of names, as `sysctl` reads and writes it, over plain
 * number fields, as the packet path reads them. A field `arpIgnore` is the sysctl `arp_ignore`.
 *
 * Other rooms add their own with `define` and `defineFields`.
 *
 * Kernel: fs/proc/proc_sysctl.c, kernel/sysctl.c (proc_dointvec_minmax), 6.18.
 */
import { EINVAL, ENOENT } from "../base/errno.ts";

const INT_MAX = 2 ** 31 - 1;

/** One parameter. */
export interface SysctlEntry {
  /** Its value as `sysctl -n` prints it. */
  read(): string;
  /** Takes a value as written; returns 0 or a negative errno. */
  write(text: string): number;
}

/** The lowest and highest value that a field takes. */
export type FieldRanges = Readonly<Record<string, readonly [number, number]>>;

/** Bounds and reactions of the number fields of one object. */
export interface FieldOptions {
  /** Which of them are parameters; all by default. */
  readonly only?: (field: string) => boolean;
  /** Of fields that do not take every int. */
  readonly ranges?: FieldRanges;
  /** Called after a field of `owner` was written. */
  readonly changed?: (field: string, owner: object) => void;
}

/** The number fields of an object as parameters. */
interface FieldGroup {
  readonly prefix: string;
  readonly owner: object;
  readonly options: FieldOptions;
}

/** The tree. */
export class SysctlTree {
  readonly #entries = new Map<string, SysctlEntry>();
  /** Looked through by name when they are asked for: most hosts' never are. */
  #groups: FieldGroup[] = [];
  /** What is defined only when somebody looks for it. */
  #later: (() => void)[] = [];

  /** Adds a parameter under its dotted name. */
  define(name: string, entry: SysctlEntry): void {
    this.#entries.set(name, entry);
  }

  /** Adds every number field of `owner` as a parameter under `prefix`. */
  defineFields(prefix: string, owner: object, options: FieldOptions = {}): void {
    this.#groups.push({ prefix, owner, options });
  }

  /** Calls `define`, which adds parameters, when somebody looks for one that is not there yet. */
  defineLater(define: () => void): void {
    this.#later.push(define);
  }

  /** Takes everything under `prefix` away, when a device goes. */
  removeUnder(prefix: string): void {
    const isUnder = (name: string): boolean => name.startsWith(`${prefix}.`);
    for (const name of [...this.#entries.keys()]) if (isUnder(name)) this.#entries.delete(name);
    this.#groups = this.#groups.filter((group) => !isUnder(`${group.prefix}.`));
  }

  /** The value, or null if there is no such parameter. `/` is taken for `.`. */
  read(name: string): string | null {
    return this.#find(name.replaceAll("/", "."))?.read() ?? null;
  }

  /** Writes a value; 0, or a negative errno (ENOENT: no such parameter). */
  write(name: string, text: string): number {
    return this.#find(name.replaceAll("/", "."))?.write(text) ?? -ENOENT;
  }

  /** All names in order. */
  names(): string[] {
    this.#complete();
    const names = new Set(this.#entries.keys());
    for (const { prefix, owner, options } of this.#groups) {
      for (const field of numberFields(owner, options)) names.add(`${prefix}.${sysctlName(field)}`);
    }
    return [...names].sort();
  }

  #find(name: string): SysctlEntry | null {
    const defined = this.#findDefined(name);
    if (defined !== null || this.#later.length === 0) return defined;
    this.#complete();
    return this.#findDefined(name);
  }

  #findDefined(name: string): SysctlEntry | null {
    const known = this.#entries.get(name);
    if (known !== undefined) return known;
    const dot = name.lastIndexOf(".");
    for (const group of this.#groups) {
      if (group.prefix.length !== dot || !name.startsWith(group.prefix)) continue;
      const field = fieldOf(group, name.slice(dot + 1));
      if (field !== null) return new FieldEntry(group, field);
    }
    return null;
  }

  #complete(): void {
    const later = this.#later;
    this.#later = [];
    for (const define of later) define();
  }
}

class FieldEntry implements SysctlEntry {
  readonly #group: FieldGroup;
  readonly #field: string;

  constructor(group: FieldGroup, field: string) {
    this.#group = group;
    this.#field = field;
  }

  read(): string {
    return String(Reflect.get(this.#group.owner, this.#field));
  }

  write(text: string): number {
    const { owner, options } = this.#group;
    const [min, max] = options.ranges?.[this.#field] ?? [-(2 ** 31), INT_MAX];
    const parsed = parseInteger(text);
    if (parsed === null || parsed < min || parsed > max) return -EINVAL;
    Reflect.set(owner, this.#field, parsed);
    options.changed?.(this.#field, owner);
    return 0;
  }
}

function numberFields(owner: object, options: FieldOptions): string[] {
  return Object.keys(owner).filter((field) => isParameter(owner, options, field));
}

function isParameter(owner: object, { only }: FieldOptions, field: string): boolean {
  return typeof Reflect.get(owner, field) === "number" && only?.(field) !== false;
}

/** The field of a parameter: it has the parameter's own name, or that in camel case. */
function fieldOf({ owner, options }: FieldGroup, name: string): string | null {
  if (isParameter(owner, options, name)) return sysctlName(name) === name ? name : null;
  const field = fieldName(name);
  return isParameter(owner, options, field) && sysctlName(field) === name ? field : null;
}

/** `arpIgnore` is `arp_ignore`. */
export function sysctlName(field: string): string {
  let name = NAMES.get(field);
  if (name === undefined) {
    name = field.replace(/([A-Z])/g, "_$1").toLowerCase();
    NAMES.set(field, name);
    FIELDS.set(name, field);
  }
  return name;
}

/** The names of fields, and their fields: each host asks for all of them. */
const NAMES = new Map<string, string>();
const FIELDS = new Map<string, string>();

/** `arp_ignore` is `arpIgnore`. */
function fieldName(name: string): string {
  const known = FIELDS.get(name);
  if (known !== undefined) return known;
  return name.replace(/_([a-z])/g, (_whole, letter: string) => letter.toUpperCase());
}

/** A number as parameters take it: decimal, `0x…` or octal with a leading 0; null for others. */
export function parseInteger(text: string): number | null {
  const [, sign, digits = ""] = /^\s*(-?)(0x[0-9a-f]+|[0-9]+)\s*$/i.exec(text) ?? [];
  if (digits === "") return null;
  const isOctal = /^0[0-9]/.test(digits);
  if (isOctal && /[89]/.test(digits)) return null;
  const value = isOctal ? Number.parseInt(digits, 8) : Number(digits);
  return sign === "-" ? -value : value;
}
