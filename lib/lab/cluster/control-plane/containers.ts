/** The containers of a cluster, as `kubectl exec`, `kubectl logs` and a lab's steps reach them. */
import { VethworkError } from "../../../base/errors.ts";
import type { Pod } from "../../../kube/api/types.ts";
import { contextOf, programOf } from "../../../kube/images/catalogue.ts";
import type { Container } from "../../../kube/images/container.ts";
import { execCommand, execProgram } from "../../../kube/images/exec.ts";
import type { PodAccess } from "../../../kube/kubectl/surroundings.ts";
import type { ContainerLog } from "../../../kube/kubelet/container-log.ts";
import type { ContainerRun } from "../../../kube/kubelet/container-run.ts";
import { keyOf } from "../../../kube/store.ts";
import type { CommandStreams } from "../../../shell/command.ts";
import type { CommandSet } from "../../../shell/command-set.ts";
import type { CommandIo, ShellHost } from "../../../shell/host.ts";
import { NOT_FOUND } from "../../../shell/interpreter/lookup.ts";
import type { Program } from "../../../sim/process.ts";
import type { RunningNode } from "./nodes.ts";

/** The containers whose programs run, by their host: with them come the commands of an image. */
export class ContainerTable {
  readonly #running = new Map<ShellHost, Container>();

  /** The program of a container; it stands in the table while it runs. */
  *run(container: Container): Program<number> {
    this.#running.set(container.host, container);
    try {
      return yield* programOf(container);
    } finally {
      this.#running.delete(container.host);
    }
  }

  /** A command of a probe or hook in a container; if its image is unknown, it may stand for one. */
  *probe(host: ShellHost, words: readonly string[], io: CommandIo): Program<number> {
    const container = this.#running.get(host);
    if (container === undefined) return NOT_FOUND;
    try {
      return yield* execProgram(container, words, io);
    } catch (error) {
      if (!(error instanceof VethworkError)) throw error;
      io.stderr(`${error.message}\n`);
      return NOT_FOUND;
    }
  }

  /** The container of a host, or null. */
  find(host: ShellHost): Container | null {
    return this.#running.get(host) ?? null;
  }
}

/** The containers of a cluster's Pods as a lab reaches them. */
export class ClusterContainers implements PodAccess {
  readonly #nodes: ReadonlyMap<string, RunningNode>;
  readonly #table: ContainerTable;

  constructor(nodes: ReadonlyMap<string, RunningNode>, table: ContainerTable) {
    this.#nodes = nodes;
    this.#table = table;
  }

  /** A container that runs; the first of the Pod if `container` is "". Null: it does not run. */
  find({ metadata, spec }: Pod, container = ""): ContainerRun | null {
    const { name, namespace = "default" } = metadata;
    const node = this.#nodes.get(spec.nodeName ?? "");
    return node?.kubelet.findContainer(namespace, name, container) ?? null;
  }

  /** The commands of the image of a container that runs; null if it does not. */
  commandsOf(run: ContainerRun): CommandSet | null {
    const running = this.#table.find(run.host);
    return running === null ? null : contextOf(running).commands;
  }

  exec(
    pod: Pod,
    container: string,
    words: readonly string[],
    io: CommandStreams,
  ): Program<number> | null {
    const run = this.find(pod, container);
    const running = run === null ? null : this.#table.find(run.host);
    return running === null ? null : execCommand(running, words, io);
  }

  hostOf(pod: Pod, container = ""): ShellHost | null {
    return this.find(pod, container)?.host ?? null;
  }

  logs(pod: Pod, container: string, previous: boolean): ContainerLog | null {
    const node = this.#nodes.get(pod.spec.nodeName ?? "");
    return node?.kubelet.logs(keyOf(pod), container, { previous }) ?? null;
  }
}
