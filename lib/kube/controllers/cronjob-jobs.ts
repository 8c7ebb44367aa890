/**
 * CronJobs as the API has them, and the Jobs that they start.
 *
 * Spec: batch/v1 CronJob; kubernetes pkg/controller/cronjob/utils.go (getJobFromTemplate2), v1.36.
 */
import { formatTime } from "../api/time.ts";
import type { ApiObject, Job, NewObject, StringMap } from "../api/types.ts";
import { controllerReference } from "./pods.ts";

/** A Job that a CronJob has started and that goes on. */
export interface ActiveJob {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string | undefined;
  readonly resourceVersion: string;
  readonly uid: string;
}

/** Times in RFC 3339. */
export interface CronJobStatus {
  readonly active?: readonly ActiveJob[] | undefined;
  readonly lastScheduleTime?: string | undefined;
  readonly lastSuccessfulTime?: string | undefined;
}

/** batch/v1 CronJob. */
export interface CronJob extends ApiObject {
  readonly spec: {
    readonly schedule: string;
    readonly timeZone?: string;
    readonly concurrencyPolicy: "Allow" | "Forbid" | "Replace";
    readonly suspend?: boolean;
    readonly startingDeadlineSeconds?: number;
    readonly successfulJobsHistoryLimit?: number;
    readonly failedJobsHistoryLimit?: number;
    readonly jobTemplate: {
      readonly metadata?: { readonly labels?: StringMap; readonly annotations?: StringMap };
      readonly spec: Job["spec"];
    };
  };
  readonly status: CronJobStatus;
}

/** The Job that is due at a time, in seconds since 1970. */
export function jobOf(cron: CronJob, name: string, due: number): NewObject {
  const { metadata = {}, spec } = cron.spec.jobTemplate;
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: {
      name,
      namespace: cron.metadata.namespace,
      labels: metadata.labels,
      annotations: {
        ...metadata.annotations,
        "batch.kubernetes.io/cronjob-scheduled-timestamp": formatTime(due),
      },
      ownerReferences: [controllerReference(cron)],
    },
    spec,
  };
}

/** The Job among those that go on. */
export function referenceTo({ apiVersion, kind, metadata }: Job): ActiveJob {
  const { name, namespace, resourceVersion, uid } = metadata;
  return { apiVersion, kind, name, namespace, resourceVersion, uid };
}

/** Oldest first; those that have not started come last. */
export function byStart(a: Job, b: Job): number {
  const [first = "~", second = "~"] = [a.status.startTime, b.status.startTime];
  if (first !== second) return first < second ? -1 : 1;
  return a.metadata.name < b.metadata.name ? -1 : 1;
}
