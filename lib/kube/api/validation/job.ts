/**
 * What the API server checks of Jobs and CronJobs, in its words and order.
 *
 * Spec: Kubernetes API validation v1.36, batch.
 * Not modelled: the rules of podFailurePolicy and successPolicy.
 */
import { deepEqual } from "../../deep-equal.ts";
import type { FieldPath } from "../../schema.ts";
import { cronProblem } from "../cron.ts";
import type { FieldErrors } from "../errors.ts";
import { type Fields, mapIn, numberIn, textIn } from "../fields.ts";
import { internalTemplate } from "../internal-records.ts";
import { matchesSelector } from "../labels.ts";
import type { LabelSelector, StringMap } from "../types.ts";
import {
  checkNonNegative,
  checkOneOf,
  checkSelector,
  requireOneOf,
  shownMap,
  shownSelector,
} from "./checks.ts";
import { checkTemplate } from "./pod-spec.ts";
import { labelProblems } from "./text-rules.ts";

const SPEC: FieldPath = ["spec"];
const COUNTS = [
  "parallelism",
  "completions",
  "activeDeadlineSeconds",
  "backoffLimit",
  "ttlSecondsAfterFinished",
  "backoffLimitPerIndex",
  "maxFailedIndexes",
];

/** A Job: its Pods have to come to an end. */
export function checkJob(errors: FieldErrors, job: Fields, old: Fields | null): void {
  const spec = mapIn(job, "spec") ?? {};
  const metadata = mapIn(job, "metadata");
  checkJobSpec(errors, SPEC, spec);
  checkJobSelector(errors, spec);
  const completions = numberIn(spec, "completions");
  if (old === null && spec["completionMode"] === "Indexed" && completions > 0) {
    const hostname = `${textIn(metadata, "name")}-${completions - 1}`;
    if (labelProblems(hostname).length > 0) {
      errors.invalid(
        ["metadata", "name"],
        textIn(metadata, "name"),
        `will not able to create pod with invalid DNS label: ${hostname}`,
      );
    }
  }
  if (old !== null) checkJobUpdate(errors, spec, mapIn(old, "spec") ?? {});
}

function checkJobSelector(errors: FieldErrors, spec: Fields): void {
  const selector = mapIn(spec, "selector");
  const path = [...SPEC, "selector"];
  if (selector === null) {
    errors.required(path);
    return;
  }
  const isUsable = checkSelector(errors, path, selector);
  const labels = mapIn(mapIn(mapIn(spec, "template"), "metadata"), "labels");
  if (!isUsable) return;
  if (matchesSelector(selector as LabelSelector, (labels ?? {}) as StringMap)) return;
  errors.invalid(
    [...SPEC, "template", "metadata", "labels"],
    shownMap(labels),
    "`selector` does not match template `labels`",
  );
}

function checkJobSpec(errors: FieldErrors, path: FieldPath, spec: Fields): void {
  for (const name of COUNTS) checkNonNegative(errors, [...path, name], spec[name]);
  if (spec["maxFailedIndexes"] !== undefined && spec["backoffLimitPerIndex"] === undefined) {
    errors.required([...path, "backoffLimitPerIndex"], "when maxFailedIndexes is specified");
  }
  const mode = spec["completionMode"];
  checkOneOf(errors, [...path, "completionMode"], mode, ["NonIndexed", "Indexed"]);
  if (mode === "Indexed") checkIndexed(errors, path, spec);
  else if (mode === undefined || mode === "NonIndexed") {
    for (const name of ["backoffLimitPerIndex", "maxFailedIndexes", "successPolicy"]) {
      if (spec[name] === undefined) continue;
      errors.invalid([...path, name], spec[name], "requires indexed completion mode");
    }
  }
  const hasFailurePolicy = mapIn(spec, "podFailurePolicy") !== null;
  checkOneOf(
    errors,
    [...path, "podReplacementPolicy"],
    spec["podReplacementPolicy"],
    hasFailurePolicy ? ["Failed"] : ["Failed", "TerminatingOrFailed"],
  );
  const template = mapIn(spec, "template");
  checkTemplate(errors, [...path, "template"], template);
  const policy = textIn(mapIn(template, "spec"), "restartPolicy");
  const at = [...path, "template", "spec", "restartPolicy"];
  if (policy === "" || policy === "Always") {
    errors.required(at, 'valid values: "OnFailure", "Never"');
  } else if (policy !== "OnFailure" && policy !== "Never") {
    errors.notSupported(at, policy, ["OnFailure", "Never"]);
  } else if (hasFailurePolicy && policy !== "Never") {
    errors.invalid(at, policy, 'only "Never" is supported when podFailurePolicy is specified');
  }
}

function checkIndexed(errors: FieldErrors, path: FieldPath, spec: Fields): void {
  const { completions, parallelism, maxFailedIndexes } = spec;
  if (completions === undefined) {
    errors.required([...path, "completions"], "when completion mode is Indexed");
  }
  if (typeof parallelism === "number" && parallelism > 100_000) {
    const why = "must be less than or equal to 100000 when completion mode is Indexed";
    errors.invalid([...path, "parallelism"], parallelism, why);
  }
  if (
    typeof completions === "number" &&
    typeof maxFailedIndexes === "number" &&
    maxFailedIndexes > completions
  ) {
    const why = "must be less than or equal to completions";
    errors.invalid([...path, "maxFailedIndexes"], maxFailedIndexes, why);
  }
}

function checkJobUpdate(errors: FieldErrors, spec: Fields, old: Fields): void {
  const fixed = (name: string, shown: unknown) => {
    if (!deepEqual(spec[name], old[name])) {
      errors.invalid([...SPEC, name], shown, "field is immutable");
    }
  };
  const isElastic =
    spec["completionMode"] === "Indexed" && spec["completions"] === spec["parallelism"];
  if (!isElastic) fixed("completions", spec["completions"]);
  fixed("selector", shownSelector(mapIn(spec, "selector")));
  fixed("template", internalTemplate(mapIn(spec, "template")));
  for (const name of ["completionMode", "podFailurePolicy", "backoffLimitPerIndex"]) {
    fixed(name, spec[name]);
  }
  for (const name of ["managedBy", "successPolicy"]) fixed(name, spec[name]);
}

/** A CronJob: a schedule, and the Job that it starts. */
export function checkCronJob(errors: FieldErrors, cronJob: Fields): void {
  const spec = mapIn(cronJob, "spec") ?? {};
  const schedule = textIn(spec, "schedule");
  const path = [...SPEC, "schedule"];
  if (schedule === "") errors.required(path);
  else {
    const problem = cronProblem(schedule);
    if (problem !== null) errors.invalid(path, schedule, problem);
    if (schedule.includes("TZ")) {
      const why = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead";
      errors.invalid(path, schedule, why);
    }
  }
  const deadline = spec["startingDeadlineSeconds"];
  checkNonNegative(errors, [...SPEC, "startingDeadlineSeconds"], deadline);
  const policies = ["Allow", "Forbid", "Replace"];
  const policy = textIn(spec, "concurrencyPolicy");
  requireOneOf(errors, [...SPEC, "concurrencyPolicy"], policy, policies);
  const template = mapIn(spec, "jobTemplate");
  const jobSpec = mapIn(template, "spec") ?? {};
  const at = [...SPEC, "jobTemplate", "spec"];
  checkJobSpec(errors, at, jobSpec);
  const selector = mapIn(jobSpec, "selector");
  if (selector !== null) {
    errors.invalid(
      [...at, "selector"],
      shownSelector(selector),
      "`selector` will be auto-generated",
    );
  }
  if (jobSpec["manualSelector"] === true) {
    errors.notSupported([...at, "manualSelector"], true, ["nil", "false"]);
  }
  for (const name of ["successfulJobsHistoryLimit", "failedJobsHistoryLimit"]) {
    checkNonNegative(errors, [...SPEC, name], spec[name]);
  }
}
