/** What kubectl works with beside the API server: a cluster's containers, files, and time. */
import type { CommandStreams } from "../../shell/command.ts";
import type { ShellHost } from "../../shell/host.ts";
import type { Program, WaitQueue } from "../../sim/process.ts";
import type { ApiServer } from "../api/server.ts";
import type { Pod } from "../api/types.ts";
import type { ContainerLog } from "../kubelet/container-log.ts";
import { failuresTo } from "./failures.ts";
import type { KubectlFile } from "./manifest.ts";
import { Output } from "./output.ts";

/** The containers of a cluster, as the API server reaches them through kubelets. */
export interface PodAccess {
  /** Runs a command in a container; null if the container does not run. */
  exec(
    pod: Pod,
    container: string,
    words: readonly string[],
    io: CommandStreams,
  ): Program<number> | null;
  /** What the container has printed since its last start, or before it; null if it never ran. */
  logs(pod: Pod, container: string, previous: boolean): ContainerLog | null;
  /** What a container that runs sees: its Pod's network, its own files; null if it does not run. */
  hostOf(pod: Pod, container?: string): ShellHost | null;
}

/** What kubectl works with. */
export interface KubectlSurroundings {
  readonly server: ApiServer;
  /** Woken after each write to the store. */
  readonly changes: WaitQueue;
  readonly pods: PodAccess;
  /** The manifests in a file's text. */
  readonly readManifests: (text: string, file: string) => KubectlFile;
}

/** Prints what `act` puts into an output; returns the exit status. */
export function printed(io: CommandStreams, act: (output: Output) => void): number {
  const output = new Output();
  failuresTo(output, () => act(output));
  io.stdout(output.stdout);
  io.stderr(output.stderr);
  return output.exitCode;
}
