/** The containers of a cluster, as `kubectl exec`, `kubectl logs` and a lab's steps reach them. */
import type { Pod } from "../../../kube/api/types.ts";
import type { PodAccess } from "../../../kube/kubectl/surroundings.ts";
import type { ContainerRun } from "../../../kube/kubelet/container-run.ts";
import { keyOf } from "../../../kube/store.ts";
import { type CommandStreams, ToolError } from "../../../shell/command.ts";
import { LAB_COMMANDS } from "../../../shell/commands.ts";
import { resolveCommand } from "../../../shell/interpreter/lookup.ts";
import type { Program } from "../../../sim/process.ts";
import type { RunningNode } from "./nodes.ts";

export class ClusterContainers implements PodAccess {
  readonly #nodes: ReadonlyMap<string, RunningNode>;

  constructor(nodes: ReadonlyMap<string, RunningNode>) {
    this.#nodes = nodes;
  }

  /** A container that runs; the first of the Pod if `container` is "". Null: it does not run. */
  find({ metadata, spec }: Pod, container = ""): ContainerRun | null {
    const { name, namespace = "default" } = metadata;
    const node = this.#nodes.get(spec.nodeName ?? "");
    return node?.kubelet.findContainer(namespace, name, container) ?? null;
  }

  exec(
    pod: Pod,
    container: string,
    words: readonly string[],
    io: CommandStreams,
  ): Program<number> | null {
    const run = this.find(pod, container);
    return run === null ? null : runIn(run, words, io);
  }

  logs(pod: Pod, container: string, previous: boolean): string | null {
    const node = this.#nodes.get(pod.spec.nodeName ?? "");
    return node?.kubelet.logs(keyOf(pod), container, { previous }) ?? null;
  }
}

function* runIn(
  { host, env }: ContainerRun,
  words: readonly string[],
  io: CommandStreams,
): Program<number> {
  try {
    const body = resolveCommand(LAB_COMMANDS, words);
    if (body === null) {
      io.stderr(
        `OCI runtime exec failed: exec failed: unable to start container process: exec: "${words[0]}": executable file not found in $PATH\n`,
      );
      return 127;
    }
    return yield* body({ host, io, commands: LAB_COMMANDS, environment: env, signal: null });
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    io.stderr(error.text);
    return error.status;
  }
}
