/**
 * The states of a neighbour by the names that `ip neigh` has for them.
 *
 * Spec: iproute2 6.1, ip/ipneigh.c (nud_state_a2n, print_neigh_state).
 */
import { Nud } from "../../../net/nud.ts";
import { ToolError } from "../../command.ts";

/** Bits and names, in the order in which several are shown. */
const STATES: readonly (readonly [number, string])[] = [
  [Nud.INCOMPLETE, "INCOMPLETE"],
  [Nud.REACHABLE, "REACHABLE"],
  [Nud.STALE, "STALE"],
  [Nud.DELAY, "DELAY"],
  [Nud.PROBE, "PROBE"],
  [Nud.FAILED, "FAILED"],
  [Nud.NOARP, "NOARP"],
  [Nud.PERMANENT, "PERMANENT"],
];

/** The state that a word names, in lower case. Throws the tool's complaint. */
export function readState(text: string): Nud {
  const state = STATES.find(([, name]) => name.toLowerCase() === text);
  if (state !== undefined) return state[0];
  if (text === "none") return Nud.NONE;
  throw new ToolError(`Error: argument "${text}" is wrong: nud state is bad`, 255);
}

/** The names of all bits that are set. */
export function stateNames(state: Nud): string[] {
  return STATES.filter(([bit]) => (state & bit) !== 0).map(([, name]) => name);
}
