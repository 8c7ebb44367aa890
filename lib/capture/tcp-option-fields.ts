/** TCP options as named fields, for the dissector. Spec: RFC 9293 §3.1, RFC 7323, RFC 2018. */
import { hex } from "../base/bytes.ts";
import * as option from "../wire/tcp-options.ts";
import type { Field } from "./dissect.ts";

/** The options between `at` and `end`: their order as one field, then each value of each. */
export function tcpOptionFields(view: DataView, at: number, end: number): Field[] {
  if (end <= at) return [];
  const names: string[] = [];
  const fields: Field[] = [];
  let position = at;
  while (position < end) {
    const kind = view.getUint8(position);
    if (kind === option.OPTION_EOL) {
      names.push("eol");
      break;
    }
    if (kind === option.OPTION_NOP) {
      names.push("nop");
      position += 1;
      continue;
    }
    const size = position + 1 < end ? view.getUint8(position + 1) : 0;
    if (size < 2 || position + size > end) {
      names.push("bad");
      break;
    }
    names.push(optionFields(view, position, kind, size, fields));
    position += size;
  }
  const order = {
    name: "options",
    value: end - at,
    text: names.join(","),
    at,
    length: end - at,
  };
  return [order, ...fields];
}

/** Adds the fields of one option; returns its name in the order. */
function optionFields(
  view: DataView,
  at: number,
  kind: number,
  size: number,
  fields: Field[],
): string {
  const add = (name: string, value: number, offset: number, length: number): void => {
    fields.push({ name, value, text: `${value}`, at: at + offset, length });
  };
  switch (kind) {
    case option.OPTION_MSS:
      if (size === 4) add("mss", view.getUint16(at + 2), 2, 2);
      return "mss";
    case option.OPTION_WINDOW_SCALE:
      if (size === 3) add("windowScale", view.getUint8(at + 2), 2, 1);
      return "wscale";
    case option.OPTION_SACK_PERMITTED:
      return "sackOK";
    case option.OPTION_TIMESTAMPS:
      if (size === 10) {
        add("timestampValue", view.getUint32(at + 2), 2, 4);
        add("timestampEcho", view.getUint32(at + 6), 6, 4);
      }
      return "TS";
    case option.OPTION_SACK:
      for (let index = 0; 2 + 8 * index + 8 <= size; index += 1) {
        add(`sackLeft${index + 1}`, view.getUint32(at + 2 + 8 * index), 2 + 8 * index, 4);
        add(`sackRight${index + 1}`, view.getUint32(at + 6 + 8 * index), 6 + 8 * index, 4);
      }
      return "sack";
    default: {
      const data = new Uint8Array(view.buffer, view.byteOffset + at + 2, size - 2);
      const name = `option${kind}`;
      fields.push({ name, value: size - 2, text: hex(data), at: at + 2, length: size - 2 });
      return name;
    }
  }
}
