/**
 * The script of a story: Markdown beside a lab that says in plain words what the lab shows. Fenced
 * blocks stand for what the run gives: what a step printed, frames, the cluster's timeline.
 *
 *     # S1. A heading
 *
 *     A paragraph.
 *
 *     ```show NAME            what the step of that name printed; only the lines that match, if any
 *     KUBE-SVC                expression stands below, with … for what is left out
 *     ```
 *     ```frames INTERFACE …   frames that pass the filter below, as tcpdump prints them; after a
 *                             number no more than so many
 *     ```timeline NAME        what happened in the cluster from that step on, lines that match
 *     ```costs LAB LAB        the requests of two labs, side by side
 *     ```wireshark            display filters for the capture: FILTER, two blanks or more, its words
 *
 * A folder with several labs in folders of their own names the lab first: `show userspace:NAME`,
 * `wireshark userspace`.
 */
import { VethworkError } from "../../lib/base/errors.ts";

/** A display filter of Wireshark's, and what it shows. */
export interface DisplayFilter {
  readonly filter: string;
  readonly shows: string;
}

/** One part of a story. `lab` is "" in a folder that has one lab. */
export type Passage =
  | { readonly kind: "text"; readonly text: string }
  | {
      readonly kind: "show" | "timeline";
      readonly lab: string;
      readonly step: string;
      /** Empty for all lines. */
      readonly only: readonly RegExp[];
    }
  | {
      readonly kind: "frames";
      readonly lab: string;
      /** At most so many frames. */
      readonly most: number;
      readonly interfaces: readonly string[];
      readonly filter: string;
    }
  | { readonly kind: "costs"; readonly labs: readonly string[] }
  | {
      readonly kind: "wireshark";
      readonly lab: string;
      readonly filters: readonly DisplayFilter[];
    };

/** A story. */
export interface Script {
  readonly title: string;
  readonly passages: readonly Passage[];
}

/** Reads a script. Throws `VW_STORY` with the place in `file`. */
export function parseScript(text: string, file: string): Script {
  const lines = text.split("\n");
  const title = /^# (.+)$/.exec(lines[0] ?? "")?.[1];
  if (title === undefined) throw wrong("no heading", "# and a heading", file, 1);
  const passages: Passage[] = [];
  let paragraph: string[] = [];
  const endParagraph = (): void => {
    if (paragraph.length > 0) passages.push({ kind: "text", text: paragraph.join(" ") });
    paragraph = [];
  };
  for (let at = 1; at < lines.length; at += 1) {
    const line = lines[at] ?? "";
    if (line.startsWith("```")) {
      endParagraph();
      const end = lines.indexOf("```", at + 1);
      if (end === -1) throw wrong("a block without an end", "```", file, at + 1);
      passages.push(block(line.slice(3), lines.slice(at + 1, end), file, at + 1));
      at = end;
    } else if (line.trim() === "") {
      endParagraph();
    } else {
      paragraph.push(line.trim());
    }
  }
  endParagraph();
  return { title, passages };
}

function block(head: string, body: readonly string[], file: string, line: number): Passage {
  const [kind = "", ...words] = head.trim().split(/ +/);
  const [first = ""] = words;
  switch (kind) {
    case "show":
    case "timeline": {
      if (words.length !== 1) throw wrong(head, `${kind} and a step's name`, file, line);
      const only = body.map((one, index) => expression(one, file, line + 1 + index));
      return { kind, ...named(first), only };
    }
    case "frames": {
      const isLimit = /^[0-9]+$/.test(first);
      const most = isLimit ? Number(first) : Number.POSITIVE_INFINITY;
      const interfaces = isLimit ? words.slice(1) : words;
      return { kind, lab: "", most, interfaces, filter: body.join(" ") };
    }
    case "costs":
      if (words.length !== 2) throw wrong(head, "costs and two labs", file, line);
      return { kind, labs: words };
    case "wireshark":
      return { kind, lab: first, filters: body.map((one) => displayFilter(one, file, line)) };
    default:
      throw wrong(head, "show, frames, timeline, costs or wireshark", file, line);
  }
}

function expression(text: string, file: string, line: number): RegExp {
  try {
    return new RegExp(text, "u");
  } catch {
    throw wrong(text, "a regular expression", file, line);
  }
}

function named(word: string): { lab: string; step: string } {
  const [step = "", lab = ""] = word.split(":").reverse();
  return { lab, step };
}

function displayFilter(text: string, file: string, line: number): DisplayFilter {
  const [filter = "", shows = ""] = text.split(/ {2,}/);
  if (shows === "") throw wrong(text, "a filter, two blanks, and what it shows", file, line);
  return { filter, shows };
}

function wrong(what: string, allowed: string, file: string, line: number): VethworkError {
  return new VethworkError("VW_STORY", `"${what}" in a story`, allowed, { file, line, column: 1 });
}
