/** `vethwork bench`: what is measured beside the peers of each part. */
import type { Command } from "commander";
import { addBulkBench } from "../bench/bulk.ts";
import { addClusterBench } from "../bench/control-plane.ts";
import { addFirstPacketBench } from "../bench/first-packet.ts";
import { addRestoreBench } from "../bench/restore.ts";
import { addSyncBench } from "../bench/sync.ts";

/** Registers the command and its scenes. */
export function addBenchCommand(program: Command): void {
  const bench = program.command("bench").description("measure vethwork itself");
  addBulkBench(bench);
  addSyncBench(bench);
  addRestoreBench(bench);
  addFirstPacketBench(bench);
  addClusterBench(bench);
}
