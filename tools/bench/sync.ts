/**
 * `vethwork bench sync`: how long kube-proxy takes to make its rules for a large cluster, in full
 * and after one endpoint has changed. What is measured is the proxy; the node only takes the text.
 */

import type { Command } from "commander";
import type { LineText } from "../../lib/base/line-text.ts";
import { IptablesMode } from "../../lib/kube/proxy/iptables/mode.ts";
import type { ProxyNode } from "../../lib/kube/proxy/node.ts";
import { ObjectTracker } from "../../lib/kube/proxy/object-tracker.ts";
import { releaseOf } from "../../lib/kube/proxy/release.ts";
import { startOf } from "../../lib/kube/proxy/startup.ts";
import { Scheduler } from "../../lib/sim/scheduler.ts";
import { wholeNumber } from "../arguments.ts";
import { RULES_CONFIGURATION } from "../rules/defaults.ts";
import { RecordingNode } from "../rules/recording-node.ts";
import { BENCH_NODE, benchNode, benchService, benchSlice } from "./cluster.ts";

/** Milliseconds, bytes of text, and megabytes of memory. */
export interface SyncBench {
  readonly services: number;
  readonly endpoints: number;
  /** Of the first sync, which writes every Service anew. */
  readonly fullMs: number;
  /** Of a full sync when nothing has changed since, as after syncPeriod. */
  readonly fullAgainMs: number;
  readonly fullBytes: number;
  readonly oneEndpointMs: number;
  readonly oneEndpointBytes: number;
  readonly heapMb: number;
  readonly residentMb: number;
}

/** Adds `sync` to the `bench` command. */
export function addSyncBench(bench: Command): void {
  bench
    .command("sync")
    .description("time kube-proxy's full sync, and the sync after one endpoint has changed")
    .option("--services <number>", "how many Services", wholeNumber(1), 10_000)
    .option("--endpoints <number>", "how many endpoints each", wholeNumber(1), 5)
    .option("--json", "print the figures as JSON")
    .action((options: { services: number; endpoints: number; json?: boolean }) => {
      const result = benchSync(options.services, options.endpoints);
      const text = options.json === true ? JSON.stringify(result, null, 2) : describe(result);
      process.stdout.write(`${text}\n`);
    });
}

/** Measures `services` Services with `each` endpoints; the least of several rounds counts. */
export function benchSync(services: number, each: number): SyncBench {
  const release = releaseOf("1.36");
  const { node, texts, chains } = swallowingNode();
  const start = startOf({
    configuration: RULES_CONFIGURATION,
    release,
    node,
    nodeName: BENCH_NODE,
    nodeObject: benchNode,
  });
  const mode = new IptablesMode(start);
  const tracker = new ObjectTracker(release);
  const follower = tracker.follow(() => {});
  const place = { name: BENCH_NODE, zone: "" };
  for (let index = 0; index < services; index += 1) {
    tracker.serviceChanged(null, benchService(index));
    tracker.sliceChanged(null, benchSlice(index, each));
  }
  const sync = (full: boolean): number => {
    const began = performance.now();
    const { changed, services } = follower.take();
    mode.sync({
      ports: tracker.services.ports,
      endpoints: tracker.endpoints.on(BENCH_NODE),
      changed,
      portsChanged: services.changed.size > 0,
      place,
      full,
    });
    return performance.now() - began;
  };
  const fullMs = sync(true);
  for (const line of (texts.at(-1) ?? "").matchAll(/^:(\S+)/gm)) chains.add(line[1] ?? "");
  const fullAgainMs = Math.min(sync(true), sync(true));
  const fullBytes = texts.at(-1)?.length ?? 0;
  let oneEndpointMs = Number.POSITIVE_INFINITY;
  for (let round = 1; round <= 10; round += 1) {
    tracker.sliceChanged(null, benchSlice(services >> 1, each, round % 2));
    oneEndpointMs = Math.min(oneEndpointMs, sync(false));
  }
  const memory = process.memoryUsage();
  return {
    services,
    endpoints: services * each,
    fullMs: Math.round(fullMs),
    fullAgainMs: Math.round(fullAgainMs),
    fullBytes,
    oneEndpointMs: Math.round(oneEndpointMs * 10) / 10,
    oneEndpointBytes: texts.at(-1)?.length ?? 0,
    heapMb: Math.round(memory.heapUsed / 2 ** 20),
    residentMb: Math.round(memory.rss / 2 ** 20),
  };
}

/** A node that keeps the last input of iptables-restore, and lists the chains it was told of. */
function swallowingNode(): { node: ProxyNode; texts: string[]; chains: Set<string> } {
  const texts: string[] = [];
  const chains = new Set<string>();
  const recording = new RecordingNode(new Scheduler(), 1);
  const iptables = {
    ...recording.iptables,
    restore: (text: LineText): boolean => {
      texts[0] = text.text;
      return true;
    },
    chains: () => chains,
  };
  return {
    node: {
      iptables,
      conntrack: recording.conntrack,
      sockets: recording.sockets,
      clock: recording.clock,
      cpus: recording.cpus,
      addresses: () => recording.addresses(),
      defaultAddress: () => recording.defaultAddress(),
      sysctl: (name) => recording.sysctl(name),
      setSysctl: (name, value) => recording.setSysctl(name, value),
      random: (stream, bound) => recording.random(stream, bound),
    },
    texts,
    chains,
  };
}

function describe(result: SyncBench): string {
  const mb = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MB`;
  return [
    `${result.services} Services, ${result.endpoints} endpoints`,
    `full sync              ${result.fullMs} ms, ${mb(result.fullBytes)}`,
    `again, nothing changed ${result.fullAgainMs} ms`,
    `one endpoint's change  ${result.oneEndpointMs} ms, ${mb(result.oneEndpointBytes)}`,
    `memory                 ${result.heapMb} MB heap, ${result.residentMb} MB resident`,
  ].join("\n");
}
