/**
 * All target modules.
 */
import type { TargetModule } from "../extension.ts";
import { CHECKSUM_TARGET } from "./checksum.ts";
import { CLASSIFY_TARGET } from "./classify.ts";
import { CONNMARK_TARGET } from "./connmark.ts";
import { CT_TARGET, NOTRACK_TARGET } from "./ct.ts";
import { LOG_TARGET, NFLOG_TARGET, TRACE_TARGET } from "./log.ts";
import { MARK_TARGET } from "./mark.ts";
import {
  DNAT_TARGET,
  MASQUERADE_TARGET,
  NETMAP_TARGET,
  REDIRECT_TARGET,
  SNAT_TARGET,
} from "./nat.ts";
import { REJECT_TARGET } from "./reject.ts";
import { SET_TARGET } from "./set.ts";
import { TCPMSS_TARGET } from "./tcpmss.ts";
import { DSCP_TARGET, TOS_TARGET } from "./tos.ts";
import { TTL_TARGET } from "./ttl.ts";

/** The modules after -j. */
export const TARGET_MODULES: readonly TargetModule[] = [
  CHECKSUM_TARGET,
  CLASSIFY_TARGET,
  CONNMARK_TARGET,
  CT_TARGET,
  DNAT_TARGET,
  DSCP_TARGET,
  LOG_TARGET,
  MARK_TARGET,
  MASQUERADE_TARGET,
  NETMAP_TARGET,
  NFLOG_TARGET,
  NOTRACK_TARGET,
  REDIRECT_TARGET,
  REJECT_TARGET,
  SET_TARGET,
  SNAT_TARGET,
  TCPMSS_TARGET,
  TOS_TARGET,
  TRACE_TARGET,
  TTL_TARGET,
];
