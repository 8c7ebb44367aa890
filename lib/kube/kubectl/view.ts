/** What the printing commands read of a cluster. */
import type { ApiServer } from "../api/server.ts";
import { parseTime } from "../api/time.ts";
import type { AgeOf } from "./column.ts";
import { formatAge } from "./table.ts";

/** Ages as of the server's present. */
export function agesOf(server: ApiServer): AgeOf {
  const now = parseTime(server.time);
  return (time) => (time === undefined ? "<unknown>" : formatAge(now - parseTime(time)));
}
