/** What must hold after the last step: what commands print, and which frames were captured. */
import type { Place } from "../../base/errors.ts";
import {
  byKey,
  list,
  object,
  optional,
  required,
  shortOrLong,
  withDefault,
} from "./collections.ts";
import { type Kind, type Located, located, mapped } from "./kind.ts";
import { integer, text } from "./scalars.ts";
import { KUBECTL_HOST, type OutputCheck, type RunStep } from "./step.ts";
import { checkFields, commandFields, runStepOf } from "./steps.ts";
import { command, type DeviceName, interfaceName } from "./values.ts";

/** A command that is run after the steps, and what it must do. */
export interface CommandExpectation {
  readonly kind: "command";
  readonly step: RunStep;
}

/** How many captured frames pass a filter. */
export interface FrameExpectation {
  readonly kind: "frames";
  /** The filter, in the language of captures. */
  readonly filter: Located<string>;
  /** Which captures are looked at; empty for all together. */
  readonly on: readonly Located<DeviceName>[];
  readonly atLeast: number;
  readonly atMost: number;
  readonly place: Place;
}

/** Something that must hold. */
export type Expectation = CommandExpectation | FrameExpectation;

const frameCount = integer("a count of frames", 0, Number.MAX_SAFE_INTEGER);

const commandExpectation: Kind<Expectation> = mapped(
  object("an expectation", commandFields),
  (value, place): Expectation => {
    const step = runStepOf(value, false, place);
    return { kind: "command", step: { ...step, check: orSuccess(step.check) } };
  },
);

const kubectlExpectation: Kind<Expectation> = mapped(
  object("an expectation", {
    kubectl: required(command, "a command line without the word kubectl"),
    timeout: commandFields.timeout,
    ...checkFields,
  }),
  ({ kubectl, ...value }, place): Expectation => {
    const on = { value: KUBECTL_HOST, place };
    const run = { value: `kubectl ${kubectl.value}`, place: kubectl.place };
    const step = runStepOf({ ...value, on, run, stdin: null, name: null }, false, place);
    return { kind: "command", step: { ...step, check: orSuccess(step.check) } };
  },
);

const countKind = shortOrLong(
  mapped(frameCount, (count) => ({ atLeast: count, atMost: count })),
  object("a count of frames", {
    atLeast: withDefault(frameCount, 0, "no fewer"),
    atMost: withDefault(frameCount, Number.POSITIVE_INFINITY, "no more"),
  }),
);

const oneOrMore = shortOrLongList(interfaceName);

const frameExpectation: Kind<Expectation> = mapped(
  object("an expectation", {
    frames: required(located(text("a filter")), "a filter, as `vethwork show` takes it"),
    on: withDefault(oneOrMore, [], "interfaces such as node1/eth0; all captures without it"),
    count: optional(countKind, "how many frames pass the filter; at least one without it"),
  }),
  (value, place): Expectation => ({
    kind: "frames",
    filter: value.frames,
    on: value.on,
    atLeast: value.count?.atLeast ?? 1,
    atMost: value.count?.atMost ?? Number.POSITIVE_INFINITY,
    place,
  }),
);

/** One expectation. */
export const expectationKind: Kind<Expectation> = byKey("an expectation", {
  run: commandExpectation,
  kubectl: kubectlExpectation,
  frames: frameExpectation,
});

/** A check that asks for nothing asks for success. */
function orSuccess(check: OutputCheck): OutputCheck {
  const { prints, contains, matches, exit } = check;
  const saysNothing = prints === null && contains === null && matches === null && exit === null;
  return saysNothing ? { ...check, exit: 0 } : check;
}

function shortOrLongList<T>(one: Kind<T>): Kind<readonly T[]> {
  const many = list(one, 1);
  return {
    expected: `${one.expected}, or a list of them`,
    jsonSchema: { anyOf: [one.jsonSchema, many.jsonSchema] },
    read: (node) => (node.kind === "list" ? many.read(node) : [one.read(node)]),
  };
}
