/** `vethwork show`: a capture as tcpdump prints it, or what a lab consists of. */
import type { Command } from "commander";
import { VethworkError } from "../../lib/base/errors.ts";
import type { Capture, CapturedFrame } from "../../lib/capture/capture.ts";
import { dissect } from "../../lib/capture/dissect.ts";
import { Dumper, type DumpOptions } from "../../lib/capture/dump.ts";
import { parseFilter } from "../../lib/capture/filter.ts";
import { readCapture } from "../../lib/capture/read.ts";
import { Direction } from "../../lib/capture/tap.ts";
import type { Lab } from "../../lib/lab/lab.ts";
import { parseLab } from "../../lib/lab/schema.ts";
import { readInput, textOf } from "../input.ts";

interface ShowFlags {
  readonly verbose: number;
  readonly link?: boolean;
  readonly hex: number;
  readonly ascii: number;
  readonly absolute?: boolean;
  readonly interface?: string;
  readonly json?: boolean;
}

/** Registers the command. */
export function addShowCommand(program: Command): void {
  program
    .command("show")
    .description("print a capture as tcpdump does, or what a lab consists of")
    .argument("<file>", "a pcap or pcapng file, or a lab's YAML file; - for standard input")
    .argument("[filter...]", "only frames that pass, as in tcpdump: tcp[syn] and host 10.0.0.1")
    .option("-i, --interface <name>", "only this interface, such as node1/eth0")
    .option("-v, --verbose", "more of each header; twice for even more", count, 0)
    .option("-e, --link", "with the Ethernet header")
    .option("-x, --hex", "with the bytes; twice with the Ethernet header", count, 0)
    .option(
      "-X, --ascii",
      "with the bytes and their text; twice with the Ethernet header",
      count,
      0,
    )
    .option("-S, --absolute", "TCP sequence numbers as they are")
    .option("--json", "one JSON object a frame, with all fields; one for a lab")
    .addHelpText("after", "\nExit status: 0 shown, 2 bad input.")
    .action((file: string, filter: string[], flags: ShowFlags) => {
      process.stdout.write(show(file, filter.join(" "), flags));
    });
}

function show(file: string, filter: string, flags: ShowFlags): string {
  const bytes = readInput(file);
  if (/\.ya?ml$/.test(file)) return showLab(parseLab(textOf(bytes, file), file), flags);
  const capture = readCapture(bytes, file);
  const names = capture.interfaces.map(({ name }) => name);
  if (flags.interface !== undefined && !names.includes(flags.interface)) {
    const wrong = `${file}: no interface "${flags.interface}"`;
    throw new VethworkError("VW_USAGE", wrong, names.join(", "));
  }
  const passes = parseFilter(filter);
  const wanted = capture.frames.filter(
    (frame) =>
      passes(viewOf(frame), 0, frame.bytes.length) &&
      (flags.interface === undefined || nameOf(capture, frame) === flags.interface),
  );
  return flags.json === true ? asJson(capture, wanted) : asText(capture, wanted, flags);
}

function asText(capture: Capture, wanted: readonly CapturedFrame[], flags: ShowFlags): string {
  const options = dumpOptions(flags);
  const dumpers = capture.interfaces.map(() => new Dumper(options));
  const chosen = new Set(wanted);
  const many = capture.interfaces.length > 1;
  const width = Math.max(0, ...capture.interfaces.map(({ name }) => name.length));
  let text = "";
  // Frames that are not shown are looked at all the same: relative numbers count from them.
  for (const frame of capture.frames) {
    const line = dumpers[frame.interfaceIndex]?.line(frame) ?? "";
    if (!chosen.has(frame)) continue;
    const where = many ? `${nameOf(capture, frame).padEnd(width)} ${directionOf(frame)} ` : "";
    const comment = frame.comment === "" ? "" : `\n\t# ${frame.comment.replaceAll("\n", "\n\t# ")}`;
    text += `${where}${line}${comment}\n`;
  }
  return text;
}

function asJson(capture: Capture, frames: readonly CapturedFrame[]): string {
  const numbers = new Map(capture.frames.map((frame, index) => [frame, index + 1]));
  return frames
    .map((frame) => {
      const layers = dissect(frame.bytes).map(({ name, fields }) => [
        name,
        Object.fromEntries(fields.map((field) => [field.name, field.text])),
      ]);
      const object = {
        number: numbers.get(frame),
        interface: nameOf(capture, frame),
        direction: directionOf(frame).trim(),
        seconds: frame.seconds,
        nanoseconds: frame.nanoseconds,
        length: frame.originalLength,
        packetId: frame.packetId,
        comment: frame.comment,
        layers: Object.fromEntries(layers),
      };
      return `${JSON.stringify(object)}\n`;
    })
    .join("");
}

function showLab(lab: Lab, flags: ShowFlags): string {
  const summary = {
    name: lab.name,
    description: lab.description.trim(),
    seed: lab.seed,
    nodes: lab.topology?.nodes.map(({ name }) => name) ?? [],
    links:
      lab.topology?.links.map(({ ends }) =>
        ends.map(({ node, device }) => `${node}:${device}`).join(" -- "),
      ) ?? [],
    processes: lab.processes.map(({ on, command }) => `${on.value}$ ${command.value}`),
    steps: lab.steps.flatMap((step) => {
      if (step.kind === "run") return [`${step.on.value}$ ${step.command.value}`];
      if (step.kind !== "parallel") return [step.kind];
      return step.commands.map(({ on, command }) => `${on.value}$ ${command.value}`);
    }),
    expectations: lab.expectations.length,
  };
  if (flags.json === true) return `${JSON.stringify(summary, null, 2)}\n`;
  const title = [summary.name, summary.description].filter((text) => text !== "").join(": ");
  const lines = [title, `seed ${summary.seed}`];
  for (const key of ["nodes", "links", "processes", "steps"] as const) {
    lines.push(`${key}:`, ...summary[key].map((each) => `  ${each}`));
  }
  lines.push(`expectations: ${summary.expectations}`);
  return `${lines.join("\n")}\n`;
}

function dumpOptions({ verbose, link, hex, ascii, absolute }: ShowFlags): DumpOptions {
  const bytes = ascii > 0 ? (ascii > 1 ? "XX" : "X") : hex > 0 ? (hex > 1 ? "xx" : "x") : "none";
  return {
    verbose: verbose > 1 ? 2 : verbose === 1 ? 1 : 0,
    link: link === true,
    absoluteSequence: absolute === true,
    hex: bytes,
  };
}

function nameOf(capture: Capture, frame: CapturedFrame): string {
  return capture.interfaces[frame.interfaceIndex]?.name ?? "";
}

function directionOf({ direction }: CapturedFrame): string {
  return direction === Direction.IN ? "in " : direction === Direction.OUT ? "out" : "   ";
}

function count(_value: string, previous: number): number {
  return previous + 1;
}

function viewOf({ bytes }: CapturedFrame): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
