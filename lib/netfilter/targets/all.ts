/**
 * All target modules.
 */
import type { TargetModule } from "../extension.ts";
import { MARK_TARGET } from "./mark.ts";
import {
  DNAT_TARGET,
  MASQUERADE_TARGET,
  NETMAP_TARGET,
  REDIRECT_TARGET,
  SNAT_TARGET,
} from "./nat.ts";
import { REJECT_TARGET } from "./reject.ts";

/** The modules after -j. */
export const TARGET_MODULES: readonly TargetModule[] = [
  DNAT_TARGET,
  MARK_TARGET,
  MASQUERADE_TARGET,
  NETMAP_TARGET,
  REDIRECT_TARGET,
  REJECT_TARGET,
  SNAT_TARGET,
];
