/** The program of a container's image. */
import type { Container } from "../../../kube/images/container.ts";
import { LAB_COMMANDS } from "../../../shell/commands.ts";
import { resolveCommand } from "../../../shell/interpreter/lookup.ts";
import { labContext, streamsOf } from "../../../shell/shell.ts";
import { type Program, waitFor } from "../../../sim/process.ts";

export function* programOf(container: Container): Program<number> {
  const port = container.ports[0]?.containerPort ?? 80;
  const io = streamsOf({
    stdin: null,
    stdout: (t) => container.log(t),
    stderr: (t) => container.log(t),
  });
  const words =
    container.command.length > 0
      ? container.command
      : ["http-server", "--port", `${port}`, "--body", `${container.pod.hostname}\n`];
  const body = resolveCommand(LAB_COMMANDS, words);
  container.log("started\n");
  const child = container.host.processes.spawn(
    "main",
    body === null
      ? (function* (): Program<number> {
          return 127;
        })()
      : body({ ...labContext(container.host, io), environment: container.env }),
  );
  while (child.status === null && !container.termination.raised) {
    yield waitFor([child.exited, container.termination.waitQueue]);
  }
  child.kill(15);
  return 0;
}
