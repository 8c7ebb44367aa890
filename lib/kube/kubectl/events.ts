/**
 * `kubectl events`: what has happened, the latest last.
 *
 * Spec: kubectl v1.36, cmd/events.
 * Not modelled: --watch.
 */
import type { ApiServer } from "../api/server.ts";
import { type Arguments, UsageError } from "./arguments.ts";
import type { Output } from "./output.ts";
import { requireResource } from "./select.ts";
import { formatTable } from "./table.ts";
import { agesOf } from "./view.ts";

/** `events [--for TYPE/NAME] [--types Normal,Warning] [-A]`. */
export function events(server: ApiServer, args: Arguments, output: Output): void {
  const { namespace, allNamespaces } = args;
  const about = args.option("for");
  const [type = "", name = ""] = about?.split("/") ?? [];
  if (about !== null && name === "") {
    throw new UsageError("--for must be in resource/name form");
  }
  const kind = about === null ? null : requireResource(server, type).kind;
  const types = args.option("types")?.split(",") ?? null;
  const bad = types?.find((each) => !["Normal", "Warning"].includes(each));
  if (bad !== undefined) throw new UsageError("valid --types are Normal or Warning");
  const found = server.store
    .list("Event")
    .filter(({ metadata }) => allNamespaces || metadata.namespace === namespace)
    .filter(({ involvedObject: of }) => kind === null || (of.kind === kind && of.name === name))
    .filter((event) => types === null || types.includes(event.type))
    .sort((a, b) =>
      a.lastTimestamp < b.lastTimestamp ? -1 : Number(a.lastTimestamp > b.lastTimestamp),
    );
  if (found.length === 0) {
    output.warn(allNamespaces ? "No events found." : `No events found in ${namespace} namespace.`);
    return;
  }
  const age = agesOf(server);
  const rows = found.map((event) => {
    const { lastTimestamp, firstTimestamp, count, involvedObject: of } = event;
    const seen =
      count > 1
        ? `${age(lastTimestamp)} (x${count} over ${age(firstTimestamp)})`
        : age(firstTimestamp);
    return [
      ...(allNamespaces ? [event.metadata.namespace ?? ""] : []),
      seen,
      event.type,
      event.reason,
      `${of.kind}/${of.name}`,
      event.message.trim(),
    ];
  });
  const head = ["LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"];
  const heads = allNamespaces ? ["NAMESPACE", ...head] : head;
  output.write(formatTable(args.flag("no-headers") ? rows : [heads, ...rows]));
}
