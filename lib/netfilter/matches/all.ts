/**
 * All match modules.
 */
import type { MatchModule } from "../extension.ts";
import { ADDRTYPE_MATCH } from "./addrtype.ts";
import { COMMENT_MATCH } from "./comment.ts";
import { CONNTRACK_MATCH, STATE_MATCH } from "./conntrack.ts";
import { CONNMARK_MATCH, MARK_MATCH } from "./mark.ts";
import { NFACCT_MATCH } from "./nfacct.ts";
import { PHYSDEV_MATCH } from "./physdev.ts";
import { RECENT_MATCH } from "./recent.ts";
import { SCTP_MATCH } from "./sctp.ts";
import { STATISTIC_MATCH } from "./statistic.ts";
import { TCP_MATCH } from "./tcp.ts";
import { UDP_MATCH } from "./udp.ts";

/** The modules after -m. */
export const MATCH_MODULES: readonly MatchModule[] = [
  ADDRTYPE_MATCH,
  COMMENT_MATCH,
  CONNMARK_MATCH,
  CONNTRACK_MATCH,
  MARK_MATCH,
  NFACCT_MATCH,
  PHYSDEV_MATCH,
  RECENT_MATCH,
  STATE_MATCH,
  SCTP_MATCH,
  STATISTIC_MATCH,
  TCP_MATCH,
  UDP_MATCH,
];
