/**
 * Runs a plan on the kernel of this machine. The engine (engine.py) is the first process of
 * new mount, process, host-name, IPC and network namespaces: whatever it makes is seen nowhere else
 * and ends with it, and it ends when this process does, however that comes about.
 */
import { spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { VethworkError } from "../../lib/base/errors.ts";
import { packageFile } from "../package-files.ts";
import type { KernelPlan } from "./plan.ts";

/** What a command of the lab did. */
export interface CommandOutput {
  /** Which step it was, from 0; expectations follow the steps. */
  readonly step: number;
  readonly on: string;
  readonly run: string;
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What came of a run. */
export interface KernelRun {
  /** `uname -r` */
  readonly kernel: string;
  /** pcapng of all interfaces in order of time. */
  readonly capture: Uint8Array;
  readonly outputs: readonly CommandOutput[];
}

const ENGINE = packageFile("tools/kernel/engine.py");
const NEEDED = ["unshare", "ip", "ethtool", "python3", "bash"];
const DIRECTORIES = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
const NAMESPACES = ["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];
const MORE_NAMESPACES = ["--uts", "--ipc", "--net"];

/** Why no lab can run on the kernel here, in one line, or null. */
export function kernelUnavailable(): string | null {
  if (process.platform !== "linux") return `the real kernel is Linux; this is ${process.platform}`;
  if (process.getuid?.() !== 0) return "the real kernel needs root; --recorded does without";
  const missing = NEEDED.filter((program) => find(program) === null);
  return missing.length > 0 ? `not installed: ${missing.join(", ")}` : null;
}

/** Runs a plan. */
export async function runOnKernel(plan: KernelPlan): Promise<KernelRun> {
  const { error, kernel, capture, outputs } = await ask(plan);
  if (error !== undefined) throw new VethworkError("VW_KERNEL", error);
  return { kernel, capture: Buffer.from(capture, "base64"), outputs };
}

interface Answer {
  readonly error?: string;
  readonly kernel: string;
  /** In base64. */
  readonly capture: string;
  readonly outputs: readonly CommandOutput[];
}

async function ask(plan: KernelPlan): Promise<Answer> {
  const program = find("unshare") ?? "unshare";
  const python = find("python3") ?? "python3";
  const words = [...NAMESPACES, ...MORE_NAMESPACES, "--", python, "-B", ENGINE];
  const child = spawn(program, words, { stdio: ["pipe", "pipe", "inherit"] });
  // Its standard input stays open: that it closes is how the engine learns that we are gone.
  child.stdin.on("error", () => {});
  child.stdin.write(`${JSON.stringify(plan)}\n`);
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  let line = "";
  for await (const one of createInterface({ input: child.stdout })) {
    line = one;
    break;
  }
  child.stdin.end();
  const status = await ended;
  if (line === "") throw new VethworkError("VW_KERNEL", `the engine ended with status ${status}`);
  return JSON.parse(line);
}

function find(program: string): string | null {
  return DIRECTORIES.map((path) => join(path, program)).find(readable) ?? null;
}

function readable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}
