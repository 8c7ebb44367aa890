/** How a lab is compared with the real kernel. */

import { object, optional, withDefault } from "./collections.ts";
import type { Kind } from "./kind.ts";
import { text, word } from "./scalars.ts";

/** Settings of the comparison; the emulator itself does not look at them. */
export interface VerifySettings {
  /** Why the kernel cannot run this lab, or null if it can. */
  readonly emulatorOnly: string | null;
  /** `frames`: frame by frame; `totals`: only what programs print, bytes and connections. */
  readonly compare: "frames" | "totals";
}

const DEFAULT_VERIFY: VerifySettings = { emulatorOnly: null, compare: "frames" };

export const verifyKind: Kind<VerifySettings> = object("verify", {
  emulatorOnly: optional(text("a reason"), "why the real kernel cannot run this lab"),
  compare: withDefault(
    word<VerifySettings["compare"]>("frames", "totals"),
    DEFAULT_VERIFY.compare,
    "what is compared: each frame, or only totals, for labs whose frames depend on speed",
  ),
});

export { DEFAULT_VERIFY };
