/**
 * What the grammars of shells have beyond POSIX.
 *
 * Spec: bash(1) 5.2; busybox 1.36, shell/ash.c (BASH_TEST2, BASH_PATTERN_SUBST, BASH_SUBSTR).
 */

/** One shell's additions to the grammar. */
export interface Dialect {
  /** Arrays, `(( … ))`, `<(…)`, braces, `function`, `${!name}`, `/dev/tcp`. */
  readonly isBash: boolean;
  /** `[[ … ]]` as a part of the grammar. */
  readonly hasTest: boolean;
  /** `$'…'`. */
  readonly hasAnsiQuotes: boolean;
  /** `${name:1:2}` and `${name/pattern/text}`. */
  readonly hasSubstrings: boolean;
}

const DIALECTS = {
  dash: { isBash: false, hasTest: false, hasAnsiQuotes: false, hasSubstrings: false },
  ash: { isBash: false, hasTest: true, hasAnsiQuotes: true, hasSubstrings: true },
  bash: { isBash: true, hasTest: true, hasAnsiQuotes: true, hasSubstrings: true },
} as const;

/** The shells that there are. */
export type ShellKind = keyof typeof DIALECTS;

/** The grammar of a shell. */
export function dialectOf(shell: ShellKind): Dialect {
  return DIALECTS[shell];
}

/** The shell that a name stands for, where `sh` is `standard`. */
export function shellOf(name: string, standard: ShellKind): ShellKind {
  const plain = name.replace(/^.*\//, "");
  return plain === "dash" || plain === "ash" || plain === "bash" ? plain : standard;
}
