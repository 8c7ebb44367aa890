/** `vethwork bench`: what is measured beside the peers of each part. */
import type { Command } from "commander";
import { type Loaders, type Register, register } from "./loaders.ts";

const SCENES: Loaders = new Map<string, () => Promise<Register>>([
  ["bulk", async () => (await import("../bench/bulk.ts")).addBulkBench],
  ["sync", async () => (await import("../bench/sync.ts")).addSyncBench],
  ["restore", async () => (await import("../bench/restore.ts")).addRestoreBench],
  ["first-packet", async () => (await import("../bench/first-packet.ts")).addFirstPacketBench],
  ["cluster", async () => (await import("../bench/cluster-start.ts")).addClusterBench],
]);

/** Registers the command and its scenes. */
export async function addBenchCommand(program: Command, args: readonly string[]): Promise<void> {
  const bench = program.command("bench").description("measure vethwork itself");
  await register(bench, SCENES, args);
}
