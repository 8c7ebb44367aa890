/**
 * The Events at the end of a description.
 *
 * Spec: kubectl pkg/describe (DescribeEvents), v1.36.
 */
import type { ApiServer } from "../../api/server.ts";
import type { ApiObject, EventObject } from "../../api/types.ts";
import { agesOf } from "../view.ts";
import { indentedTable, type Row } from "./rows.ts";

/** The Events about an object, as the end of its description. */
export function eventRows(server: ApiServer, { metadata, kind }: ApiObject): Row[] {
  const age = agesOf(server);
  const events = server.store
    .list("Event")
    .filter(
      (event: EventObject) =>
        event.involvedObject.uid === metadata.uid && event.involvedObject.kind === kind,
    )
    .sort((a, b) => Number(a.metadata.resourceVersion) - Number(b.metadata.resourceVersion));
  if (events.length === 0) return [["Events:", "<none>"]];
  const heads = ["Type", "Reason", "Age", "From", "Message"];
  const rows = events.map(
    ({ type, reason, firstTimestamp, lastTimestamp, count, source, message }) => [
      type,
      reason,
      count > 1
        ? `${age(lastTimestamp)} (x${count} over ${age(firstTimestamp)})`
        : age(firstTimestamp),
      source.component,
      message.trim(),
    ],
  );
  const lines = indentedTable([
    heads,
    heads.map((title) => (title === "Age" ? "----" : "-".repeat(title.length))),
    ...rows,
  ]);
  return ["Events:", ...lines];
}
