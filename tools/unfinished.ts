/**
 * Files and folders that are not whole yet: whatever ends the program, they go with it.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { rmSync } from "node:fs";
import type { Socket } from "node:net";

const unfinished = new Set<string>();
let caretaker: ChildProcess | null = null;

/** Removes `path`, which is about to be made, when the program ends, be it by a signal. */
export function removeAtEnd(path: string): void {
  if (unfinished.size === 0) process.on("exit", removeUnfinished);
  unfinished.add(path);
  caretaker ??= startCaretaker();
  caretaker.stdin?.write(`${path}\0`);
}

function removeUnfinished(): void {
  for (const path of unfinished) {
    try {
      rmSync(path, { recursive: true, force: true });
    } catch {
      // It could not be made where it cannot be removed, and that was said.
    }
  }
}

/**
 * A process that reads paths, and removes them once nobody is there to write more. A run never goes
 * back to Node's event loop, so a handler of SIGTERM would only put the end off, and nothing in
 * this process can handle SIGKILL. Where there is no xargs, those two leave the paths behind.
 */
function startCaretaker(): ChildProcess {
  const child = spawn("xargs", ["-0", "rm", "-rf", "--"], {
    // A session of its own: what ends this program's process group must not end it too.
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  child.on("error", () => {});
  child.stdin.on("error", () => {});
  child.unref();
  (child.stdin as unknown as Socket).unref();
  return child;
}
