/**
 * Values of the second octet of the IPv4 header: names of DSCP classes and of the old types of
 * service.
 *
 * Spec: RFC 2474, RFC 2597, RFC 3246, RFC 1349.
 */
import { refuse } from "./errors.ts";
import { parseNumber } from "./values.ts";

const CLASSES: ReadonlyMap<string, number> = new Map([
  ["CS0", 0x00],
  ["CS1", 0x08],
  ["CS2", 0x10],
  ["CS3", 0x18],
  ["CS4", 0x20],
  ["CS5", 0x28],
  ["CS6", 0x30],
  ["CS7", 0x38],
  ["BE", 0x00],
  ["AF11", 0x0a],
  ["AF12", 0x0c],
  ["AF13", 0x0e],
  ["AF21", 0x12],
  ["AF22", 0x14],
  ["AF23", 0x16],
  ["AF31", 0x1a],
  ["AF32", 0x1c],
  ["AF33", 0x1e],
  ["AF41", 0x22],
  ["AF42", 0x24],
  ["AF43", 0x26],
  ["EF", 0x2e],
]);

const SERVICES: ReadonlyMap<string, number> = new Map([
  ["minimize-delay", 0x10],
  ["maximize-throughput", 0x08],
  ["maximize-reliability", 0x04],
  ["minimize-cost", 0x02],
  ["normal-service", 0x00],
]);
/** The bits that the names of RFC 1349 are about. */
const SERVICE_MASK = 0x3f;

/** The DSCP of a class. */
export function dscpClass(name: string): number {
  const dscp = CLASSES.get(name.toUpperCase());
  if (dscp === undefined)
    refuse(`Invalid DSCP value \`${name}'`, `classes are ${[...CLASSES.keys()].join(", ")}`);
  return dscp;
}

/** `0x10`, `0x10/0x3f` or a name. */
export function tosAndMask(text: string): { value: number; mask: number } {
  const named = SERVICES.get(text.toLowerCase());
  if (named !== undefined) return { value: named, mask: SERVICE_MASK };
  const slash = text.indexOf("/");
  const value = parseNumber(slash === -1 ? text : text.slice(0, slash), 0, 255);
  const mask = slash === -1 ? 255 : parseNumber(text.slice(slash + 1), 0, 255);
  if (value === undefined || mask === undefined) {
    refuse(`Symbolic name "${text}" is unknown`);
  }
  return { value, mask };
}

/** `0x0a` */
export function hexByte(value: number): string {
  return `0x${value.toString(16).padStart(2, "0")}`;
}
