/**
 * -m owner: user and group of the process that sent the packet.
 *
 * Kernel: net/netfilter/xt_owner.c, 6.18; iptables 1.8.9, extensions/libxt_owner.c.
 */
import { defineMatch } from "../extension.ts";
import { Hook } from "../hooks.ts";
import type { Packet } from "../packet.ts";
import { Match } from "../rule.ts";
import { ownerOfSocket, type SocketOwner } from "../socket-owner.ts";
import { refuse } from "../text/errors.ts";
import { parseNumber } from "../text/values.ts";

const HOOKS = (1 << Hook.OUTPUT) | (1 << Hook.POSTROUTING);
const LARGEST_ID = 0xfffffffe;

interface IdRange {
  readonly min: number;
  readonly max: number;
  readonly inverted: boolean;
}

interface OwnerState {
  uid: IdRange | null;
  gid: IdRange | null;
  /** null: not asked for. */
  socketExists: boolean | null;
  supplementary: boolean;
}

class OwnerMatch extends Match {
  override get name(): string {
    return "owner";
  }

  override get validHooks(): number {
    return HOOKS;
  }

  readonly #test: OwnerState;

  constructor(test: OwnerState) {
    super();
    this.#test = test;
  }

  override matches(packet: Packet): boolean {
    const test = this.#test;
    const owner = ownerOfSocket(packet.frame);
    if (owner === null) {
      return (
        test.socketExists !== true &&
        (test.uid === null || test.uid.inverted) &&
        (test.gid === null || test.gid.inverted)
      );
    }
    if (test.socketExists === false) return false;
    if (test.uid !== null && inRange(test.uid, owner.uid) === test.uid.inverted) return false;
    return test.gid === null || this.#groupMatches(test.gid, owner) !== test.gid.inverted;
  }

  #groupMatches(range: IdRange, owner: SocketOwner): boolean {
    if (inRange(range, owner.gid)) return true;
    return this.#test.supplementary && owner.groups.some((group) => inRange(range, group));
  }

  override save(): string {
    const test = this.#test;
    let text = "";
    if (test.socketExists !== null) text += `${test.socketExists ? "" : " !"} --socket-exists`;
    if (test.uid !== null) {
      text += `${test.uid.inverted ? " !" : ""} --uid-owner ${show(test.uid)}`;
    }
    if (test.gid !== null) {
      text += `${test.gid.inverted ? " !" : ""} --gid-owner ${show(test.gid)}`;
    }
    return `${text}${test.supplementary ? " --suppl-groups" : ""}`;
  }

  override list(): string {
    const test = this.#test;
    let text = "";
    if (test.socketExists !== null) {
      text += `${test.socketExists ? "" : " !"} owner socket exists`;
    }
    if (test.uid !== null) {
      text += `${test.uid.inverted ? " !" : ""} owner UID match ${show(test.uid)}`;
    }
    if (test.gid !== null) {
      text += `${test.gid.inverted ? " !" : ""} owner GID match ${show(test.gid)}`;
    }
    return `${text}${test.supplementary ? " incl. suppl. groups" : ""}`;
  }
}

function inRange(range: IdRange, id: number): boolean {
  return id >= range.min && id <= range.max;
}

function show(range: IdRange): string {
  return range.min === range.max ? `${range.min}` : `${range.min}-${range.max}`;
}

/** A number, a range, or `root`: an emulated host has no other users by name. */
function parse(option: string, text: string, inverted: boolean): IdRange {
  if (text === "root") return { min: 0, max: 0, inverted };
  const dash = text.indexOf("-");
  const min = parseNumber(dash === -1 ? text : text.slice(0, dash), 0, LARGEST_ID);
  const max = dash === -1 ? min : parseNumber(text.slice(dash + 1), 0, LARGEST_ID);
  if (min === undefined || max === undefined) {
    refuse(`owner: Bad value for "--${option}" option: "${text}"`);
  }
  return { min, max, inverted };
}

/** The module. */
export const OWNER_MATCH = defineMatch<OwnerState>({
  name: "owner",
  options: [
    {
      name: "uid-owner",
      inverts: true,
      read: (state, value, inverted) => {
        state.uid = parse("uid-owner", value, inverted);
      },
    },
    {
      name: "gid-owner",
      inverts: true,
      read: (state, value, inverted) => {
        state.gid = parse("gid-owner", value, inverted);
      },
    },
    {
      name: "socket-exists",
      argument: false,
      inverts: true,
      read: (state, _value, inverted) => {
        state.socketExists = !inverted;
      },
    },
    {
      name: "suppl-groups",
      argument: false,
      read: (state) => {
        if (state.gid === null) {
          refuse(
            'owner: Bad value for "--suppl-groups" option: "you need to use --gid-owner first"',
          );
        }
        state.supplementary = true;
      },
    },
  ],
  start: () => ({ uid: null, gid: null, socketExists: null, supplementary: false }),
  finish: (state) => {
    if (state.uid === null && state.gid === null && state.socketExists === null) {
      refuse("owner: At least one of --uid-owner, --gid-owner or --socket-exists is required");
    }
    return new OwnerMatch(state);
  },
});
