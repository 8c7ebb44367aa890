/**
 * Descriptions of Jobs and CronJobs.
 *
 * Spec: kubectl pkg/describe (describeJob, describeCronJob), v1.36.
 */
import { formatSelector } from "../../api/labels.ts";
import { parseTime } from "../../api/time.ts";
import type { ApiObject, LabelSelector, PodTemplate } from "../../api/types.ts";
import { fieldAt, type LooseFields, listAt } from "../../field-at.ts";
import { controllerOf } from "../../informer.ts";
import { formatAge } from "../table.ts";
import { annotationRows, head, longTime, mapRows, type Row } from "./rows.ts";
import { templateLines } from "./template.ts";

/** After so many letters a list of indices is cut. */
const INDICES_LENGTH = 50;

/** A Job. */
export function jobRows(job: ApiObject): Row[] {
  const { metadata } = job;
  const spec = (name: string) => fieldAt(job, "spec", name);
  const status = (name: string) => fieldAt(job, "status", name);
  const counted = (name: string) => Number(status(name) ?? 0);
  const owner = controllerOf(job);
  const [started, ended] = [status("startTime"), status("completionTime")];
  const ready = status("ready") === undefined ? "" : ` (${status("ready")} Ready)`;
  const optional = (title: string, value: unknown): Row[] =>
    value === undefined ? [] : [[title, String(value)]];
  return [
    ["Name:", metadata.name],
    ["Namespace:", metadata.namespace ?? ""],
    ["Selector:", formatSelector(spec("selector") as LabelSelector | undefined)],
    ...mapRows("Labels:", metadata.labels, "="),
    ...annotationRows("Annotations:", metadata.annotations),
    ...optional("Controlled By:", owner === null ? undefined : `${owner.kind}/${owner.name}`),
    ...optional("Parallelism:", spec("parallelism")),
    ["Completions:", String(spec("completions") ?? "<unset>")],
    ...optional("Completion Mode:", spec("completionMode")),
    ...optional("Suspend:", spec("suspend")),
    ...optional("Backoff Limit:", spec("backoffLimit")),
    ...optional("TTL Seconds After Finished:", spec("ttlSecondsAfterFinished")),
    ...optional("Start Time:", started === undefined ? undefined : longTime(String(started))),
    ...optional("Completed At:", ended === undefined ? undefined : longTime(String(ended))),
    ...optional(
      "Duration:",
      started === undefined || ended === undefined
        ? undefined
        : formatAge(parseTime(String(ended)) - parseTime(String(started))),
    ),
    ...optional("Active Deadline Seconds:", seconds(spec("activeDeadlineSeconds"))),
    [
      "Pods Statuses:",
      `${counted("active")} Active${ready} / ${counted("succeeded")} Succeeded / ${counted("failed")} Failed`,
    ],
    ...(spec("completionMode") === "Indexed"
      ? ([["Completed Indexes:", shortIndices(String(status("completedIndexes") ?? ""))]] as Row[])
      : []),
    "Pod Template:",
    ...templateLines(spec("template") as PodTemplate),
  ];
}

function seconds(value: unknown): string | undefined {
  return value === undefined ? undefined : `${value}s`;
}

function shortIndices(list: string): string {
  if (list === "") return "<none>";
  const comma = list.indexOf(",", INDICES_LENGTH);
  return comma === -1 ? list : `${list.slice(0, comma + 1)}...`;
}

/** A CronJob. */
export function cronJobRows(cron: ApiObject): Row[] {
  const spec = (name: string) => fieldAt(cron, "spec", name);
  const known = (value: unknown) => String(value ?? "<unset>");
  const last = fieldAt(cron, "status", "lastScheduleTime");
  const active = listAt(cron, "status", "active").map(({ name }) => String(name));
  const suspend = spec("suspend");
  return [
    ...head(cron),
    ["Schedule:", String(spec("schedule"))],
    ["Concurrency Policy:", String(spec("concurrencyPolicy"))],
    ["Suspend:", suspend === undefined ? "<unset>" : suspend === true ? "True" : "False"],
    ["Time Zone:", known(spec("timeZone"))],
    ["Successful Job History Limit:", known(spec("successfulJobsHistoryLimit"))],
    ["Failed Job History Limit:", known(spec("failedJobsHistoryLimit"))],
    ["Starting Deadline Seconds:", known(seconds(spec("startingDeadlineSeconds")))],
    ...jobTemplateRows((fieldAt(cron, "spec", "jobTemplate", "spec") ?? {}) as LooseFields),
    ["Last Schedule Time:", last === undefined ? "<unset>" : longTime(String(last))],
    ["Active Jobs:", active.length === 0 ? "<none>" : active.join(", ")],
  ];
}

function jobTemplateRows(spec: LooseFields): Row[] {
  const selector = spec["selector"] as LabelSelector | undefined;
  const deadline = seconds(spec["activeDeadlineSeconds"]);
  return [
    ["Selector:", selector === undefined ? "<unset>" : formatSelector(selector)],
    ["Parallelism:", String(spec["parallelism"] ?? "<unset>")],
    ["Completions:", String(spec["completions"] ?? "<unset>")],
    ...(deadline === undefined ? [] : ([["Active Deadline Seconds:", deadline]] as Row[])),
    "Pod Template:",
    ...templateLines(spec["template"] as PodTemplate),
  ];
}
