/** Counts of what conntrack does. Spec: conntrack-tools, `conntrack -S`. */

/** The counts of a host. */
export class ConntrackStatistics {
  found = 0;
  /** By programs; what packets make is not counted. */
  inserted = 0;
  invalid = 0;
  insertFailed = 0;
  drop = 0;
  earlyDrop = 0;
  error = 0;
  searchRestart = 0;
  clashResolve = 0;
}
