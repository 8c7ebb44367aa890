/**
 * `kubectl cp`: files between the host and a container.
 *
 * Spec: kubectl v1.36, cmd/cp.
 * Differs: no `tar` runs in the container, so that images without one are copied from and to as well.
 */
import type { CommandContext } from "../../shell/command.ts";
import type { FileSystem } from "../../shell/files.ts";
import { hostAt } from "../../shell/host-at.ts";
import { type Arguments, UsageError } from "./arguments.ts";
import { containerOf, podsOf } from "./pod-of.ts";
import { type KubectlSurroundings, printed } from "./surroundings.ts";

/** One side: files, and a path among them. */
interface Side {
  readonly files: FileSystem;
  readonly path: string;
  /** As it was written: `web-0:/tmp/a`. */
  readonly text: string;
  readonly isRemote: boolean;
}

/** `kubectl cp SOURCE DESTINATION`. */
export function cp(
  around: KubectlSurroundings,
  args: Arguments,
  { io, host }: CommandContext,
): number {
  return printed(io, (output) => {
    const [from, to, ...more] = args.words;
    if (from === undefined || to === undefined || more.length > 0) {
      throw new UsageError("source and destination are required");
    }
    const sideOf = (text: string): Side => {
      const [, place, path = ""] = /^([^/:.][^:]*):(.*)$/s.exec(text) ?? [];
      if (place === undefined) return { files: host.files, path: text, text, isRemote: false };
      if (path === "") throw new UsageError("filepath can not be empty");
      const files = remoteFiles(around, args, place, (line) => output.warn(line));
      return { files, path, text, isRemote: true };
    };
    const [source, target] = [sideOf(from), sideOf(to)];
    if (source.isRemote === target.isRemote) {
      throw new UsageError("one of src or dest must be a local file specification");
    }
    if (source.isRemote) output.warn("tar: Removing leading `/' from member names");
    copy(source, target);
  });
}

function remoteFiles(
  { server, pods }: KubectlSurroundings,
  args: Arguments,
  place: string,
  warn: (line: string) => void,
): FileSystem {
  const [first = "", second] = place.split("/");
  const name = second ?? first;
  const namespace = second === undefined ? args.namespace : first;
  const [pod] = podsOf(server, { ...args, namespace }, name);
  if (pod === undefined) throw new UsageError(`pods "${name}" not found`);
  const container = containerOf(pod, args, (text) => warn(text.trimEnd()));
  const host = pods.hostOf(pod, container.name);
  if (host !== null) return hostAt(host, "/").files;
  throw new UsageError(
    `Internal error occurred: unable to upgrade connection: container not found ("${container.name}")`,
  );
}

/** A file to a path or into a directory; a directory with all that is below it. */
function copy(source: Side, target: Side): void {
  const bytes = source.files.read(source.path);
  const isDirectory = bytes === null && source.files.isDirectory(source.path);
  if (bytes === null && !isDirectory) {
    throw new UsageError(
      source.isRemote
        ? `${source.text} no such file or directory`
        : `${source.path} doesn't exist in local filesystem`,
    );
  }
  const name = source.path.replace(/\/+$/, "").split("/").at(-1) ?? "";
  const isInto = target.files.isDirectory(target.path) || target.path.endsWith("/");
  const place = isInto ? `${target.path.replace(/\/+$/, "")}/${name}` : target.path;
  if (bytes !== null) {
    target.files.write(place, bytes.slice());
    return;
  }
  target.files.makeDirectory(place);
  const root = source.files.absolute(source.path);
  for (const path of source.files.paths(root)) {
    const below = source.files.read(path);
    if (below !== null) target.files.write(`${place}${path.slice(root.length)}`, below.slice());
  }
}
