/**
 * What a program or a test imports as `vethwork`: run a lab from its text, or build a network in
 * code; read, write, print and compare captures. What is not exported here may change.
 *
 * Everything is a pure function of its arguments: no file, clock or random number of the machine
 * is seen, and nothing is asynchronous.
 */
export { type ErrorCode, type Place, VethworkError } from "./base/errors.ts";
export {
  type Capture,
  type CapturedFrame,
  type CaptureInterface,
  framesOf,
  interfaceName,
  mergeCaptures,
} from "./capture/capture.ts";
export { dissect, type Field, findField, type Layer } from "./capture/dissect.ts";
export { Dumper, type DumpOptions, dumpCapture } from "./capture/dump.ts";
export { type PcapOptions, writePcap } from "./capture/pcap.ts";
export { type PcapngOptions, writePcapng } from "./capture/pcapng.ts";
export { readCapture } from "./capture/read.ts";
export type { ByteSink } from "./capture/sink.ts";
export { Direction } from "./capture/tap.ts";
export type { OpenSink } from "./lab/artefact-store.ts";
export type { Host } from "./lab/build.ts";
export type { InterfaceTotals } from "./lab/captures.ts";
export type { Progress } from "./lab/clock.ts";
export type { CommandResult, RunningCommand } from "./lab/command.ts";
export type { Lab, LabCosts } from "./lab/lab.ts";
export {
  type CommandOptions,
  type FaultWords,
  type LineWords,
  type LinkEndWords,
  type LinkOptions,
  Network,
  type NetworkOptions,
} from "./lab/network.ts";
export type { Report } from "./lab/report.ts";
export { LabRun, type RunOptions, type RunResult, runLab } from "./lab/run.ts";
export { labJsonSchema, parseLab } from "./lab/schema.ts";
export type { ReadFile } from "./lab/setup.ts";
