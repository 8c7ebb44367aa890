/**
 * Links of a lab: which devices they join, and what the line between does to frames. The words of
 * a line are netem's; beside its shares stand exact faults, which name frames by their number on
 * the line, from 1.
 *
 * Spec: tc-netem(8); containerlab's topology files for the two forms of endpoints.
 */
import type { Place } from "../../base/errors.ts";
import type { Mac } from "../../base/mac.ts";
import type { Ns } from "../../base/units.ts";
import { type Chance, type ImpairmentOptions, PERFECT_LINE } from "../../link/impairment.ts";
import {
  type Fields,
  list,
  mapping,
  type NamedEntry,
  object,
  optional,
  required,
  shortOrLong,
  type ValueOf,
  withDefault,
} from "./collections.ts";
import { type Kind, mapped } from "./kind.ts";
import { integer, pattern, word } from "./scalars.ts";
import {
  type DeviceName,
  deviceName,
  duration,
  endpoint,
  endpointText,
  mac,
  nodeName,
  percent,
  rate,
} from "./values.ts";

/** One end of a link. */
export interface LinkEnd extends DeviceName {
  /** Null: made from the names, the same in every run. */
  readonly mac: Mac | null;
  readonly place: Place;
}

/** A link between two devices. */
export interface Link {
  readonly ends: readonly [LinkEnd, LinkEnd];
  /** `veth`: a pair in one machine; `cable`: NICs of two machines. */
  readonly type: "veth" | "cable";
  /** Of both devices, in bytes. */
  readonly mtu: number;
  /** Of the frames that the first end sends, and those that the second sends; null: perfect. */
  readonly lines: readonly [ImpairmentOptions | null, ImpairmentOptions | null];
  /** The ends that `lines` were given for one by one. */
  readonly from: readonly { readonly name: string; readonly place: Place }[];
  readonly place: Place;
}

const frameNumber = integer("a frame's number on the line, from 1", 1, Number.MAX_SAFE_INTEGER);
const frameKey = pattern("frames' numbers on the line, from 1", /^[1-9][0-9]{0,14}$/);
const bitNumber = integer("a bit's number in the frame, from 0", 0, 8 * 65_549);
/** Stands for the last bit of a frame of any length. */
const LAST_BIT = 8 * 65_549;

const shareFields = {
  share: withDefault(percent, 0, "how many of all frames"),
  correlation: withDefault(percent, 0, "how much a draw depends on the one before"),
};
const numberedFields = {
  ...shareFields,
  frames: withDefault(list(frameNumber), [], "exactly these frames"),
};
const lossKind = shortOrLong(percent, object("loss", numberedFields));
const duplicateKind = shortOrLong(percent, object("duplicate", numberedFields));
const corruptKind = shortOrLong(
  percent,
  object("corrupt", {
    ...shareFields,
    frames: withDefault(
      shortOrLong(list(frameNumber), mapping(frameKey, bitNumber)),
      [],
      "in exactly these frames; with numbers of bits, or a list for the last bit",
    ),
  }),
);
const reorderKind = shortOrLong(
  percent,
  object("reorder", {
    ...shareFields,
    gap: withDefault(integer("a count of frames", 1, 1_000_000), 1, "every how many one may"),
  }),
);
const delayKind = shortOrLong(
  duration,
  object("delay", {
    time: withDefault(duration, 0, "for each frame"),
    frames: withDefault(mapping(frameKey, duration), [], "more for these frames"),
  }),
);
const jitterKind = shortOrLong(
  duration,
  object("jitter", {
    time: required(duration, "at most this much more or less"),
    correlation: withDefault(percent, 0, "how much a draw depends on the one before"),
  }),
);

const lineFields = {
  delay: optional(delayKind, "how long a frame takes"),
  jitter: optional(jitterKind, "how much the delay varies, evenly spread"),
  rate: optional(rate, "how fast the line is"),
  limit: optional(
    integer("a count of frames", 1, 1_000_000),
    "how many frames wait on the line before more are lost (1000)",
  ),
  loss: optional(lossKind, "which frames are lost"),
  duplicate: optional(duplicateKind, "which frames arrive twice"),
  corrupt: optional(corruptKind, "in which frames a bit is turned over"),
  reorder: optional(reorderKind, "which frames overtake all others; needs a delay"),
} satisfies Fields;

type LineValues = ValueOf<typeof lineFields>;

const endKind: Kind<LinkEnd> = shortOrLong(
  mapped(endpoint, ({ value, place }): LinkEnd => ({ ...value, mac: null, place })),
  mapped(
    object("an end of a link", {
      node: required(nodeName, "the node that has the device"),
      device: required(deviceName, "the device's name, such as eth0"),
      mac: optional(mac, "its address; without one it is made from the names"),
    }),
    (value, place): LinkEnd => ({ ...value, place }),
  ),
);

const fromKind = mapping(endpointText, object("a line", lineFields));

/** A link. */
export const linkKind: Kind<Link> = mapped(
  object("a link", {
    endpoints: required(list(endKind, 2, 2), 'the two ends, such as ["h1:eth0", "sw:p1"]'),
    type: withDefault(
      word("veth", "cable"),
      "veth",
      "veth: a pair in one machine; cable: between NICs of two machines",
    ),
    mtu: withDefault(integer("an MTU from 68 to 65535", 68, 65_535), 1500, "MTU of both devices"),
    ...lineFields,
    from: withDefault(
      fromKind,
      [],
      "the same words for the frames that one end sends, instead of those of the link",
    ),
  }),
  (value, place) => {
    const [first, second] = value.endpoints;
    if (first === undefined || second === undefined) throw new Error("unreachable: two ends");
    const own = (end: LinkEnd): ImpairmentOptions | null =>
      lineOptions(value.from.find(({ name }) => isEnd(name, end))?.value ?? value);
    return {
      ends: [first, second],
      type: value.type,
      mtu: value.mtu,
      lines: [own(first), own(second)],
      from: value.from,
      place,
    };
  },
);

function isEnd(name: string, end: LinkEnd): boolean {
  return name === `${end.node}:${end.device}`;
}

/** What the words say; null when they change nothing. */
function lineOptions(line: LineValues): ImpairmentOptions | null {
  if (Object.values(pickLine(line)).every((value) => value === null)) return null;
  const delay = typeof line.delay === "number" ? { time: line.delay, frames: [] } : line.delay;
  const jitter =
    typeof line.jitter === "number" ? { time: line.jitter, correlation: 0 } : line.jitter;
  const loss = shareOf(line.loss);
  const duplicate = shareOf(line.duplicate);
  const corrupt = shareOf(line.corrupt);
  const reorder = shareOf(line.reorder);
  return {
    delayNs: delay?.time ?? 0,
    jitterNs: jitter?.time ?? 0,
    jitterCorrelation: jitter?.correlation ?? 0,
    rateBps: line.rate ?? 0,
    limit: line.limit ?? PERFECT_LINE.limit,
    loss,
    duplicate,
    corrupt,
    reorder,
    gap: reorder.share === 0 ? 0 : typeof line.reorder === "object" ? (line.reorder?.gap ?? 1) : 1,
    exact: {
      drop: new Set(framesOf(line.loss)),
      duplicate: new Set(framesOf(line.duplicate)),
      corrupt: corruptedBits(line.corrupt),
      delay: numbered(delay?.frames ?? []),
    },
  };
}

function pickLine(line: LineValues): LineValues {
  const { delay, jitter, rate, limit, loss, duplicate, corrupt, reorder } = line;
  return { delay, jitter, rate, limit, loss, duplicate, corrupt, reorder };
}

function shareOf(value: number | Chance | null): Chance {
  if (value === null) return { share: 0, correlation: 0 };
  if (typeof value === "number") return { share: value, correlation: 0 };
  return { share: value.share, correlation: value.correlation };
}

function framesOf(
  value: number | { readonly frames: readonly number[] } | null,
): readonly number[] {
  return value === null || typeof value === "number" ? [] : value.frames;
}

function corruptedBits(value: LineValues["corrupt"]): Map<number, number> {
  if (value === null || typeof value === "number") return new Map();
  const bits = value.frames.map((frame): [number, number] =>
    typeof frame === "number" ? [frame, LAST_BIT] : [Number(frame.name), frame.value],
  );
  return new Map(bits);
}

function numbered(entries: readonly NamedEntry<Ns>[]): Map<number, Ns> {
  return new Map(entries.map(({ name, value }) => [Number(name), value]));
}
