/**
 * All match modules.
 */
import type { MatchModule } from "../extension.ts";
import { ADDRTYPE_MATCH } from "./addrtype.ts";
import { COMMENT_MATCH } from "./comment.ts";
import { CONNBYTES_MATCH } from "./connbytes.ts";
import { CONNLIMIT_MATCH } from "./connlimit.ts";
import { CONNTRACK_MATCH } from "./conntrack.ts";
import { ECN_MATCH } from "./ecn.ts";
import { HASHLIMIT_MATCH } from "./hashlimit.ts";
import { ICMP_MATCH } from "./icmp.ts";
import { IPRANGE_MATCH } from "./iprange.ts";
import { LENGTH_MATCH } from "./length.ts";
import { LIMIT_MATCH } from "./limit.ts";
import { MAC_MATCH } from "./mac.ts";
import { CONNMARK_MATCH, MARK_MATCH } from "./mark.ts";
import { MULTIPORT_MATCH } from "./multiport.ts";
import { NFACCT_MATCH } from "./nfacct.ts";
import { OWNER_MATCH } from "./owner.ts";
import { PHYSDEV_MATCH } from "./physdev.ts";
import { PKTTYPE_MATCH } from "./pkttype.ts";
import { RECENT_MATCH } from "./recent.ts";
import { RPFILTER_MATCH } from "./rpfilter.ts";
import { SCTP_MATCH } from "./sctp.ts";
import { SET_MATCH } from "./set.ts";
import { STATE_MATCH } from "./state.ts";
import { STATISTIC_MATCH } from "./statistic.ts";
import { TCP_MATCH } from "./tcp.ts";
import { TCPMSS_MATCH } from "./tcpmss.ts";
import { DSCP_MATCH, TOS_MATCH } from "./tos.ts";
import { TTL_MATCH } from "./ttl.ts";
import { UDP_MATCH } from "./udp.ts";

/** The modules after -m. */
export const MATCH_MODULES: readonly MatchModule[] = [
  ADDRTYPE_MATCH,
  COMMENT_MATCH,
  CONNBYTES_MATCH,
  CONNLIMIT_MATCH,
  CONNMARK_MATCH,
  CONNTRACK_MATCH,
  DSCP_MATCH,
  ECN_MATCH,
  HASHLIMIT_MATCH,
  ICMP_MATCH,
  IPRANGE_MATCH,
  LENGTH_MATCH,
  LIMIT_MATCH,
  MAC_MATCH,
  MARK_MATCH,
  MULTIPORT_MATCH,
  NFACCT_MATCH,
  OWNER_MATCH,
  PHYSDEV_MATCH,
  PKTTYPE_MATCH,
  RECENT_MATCH,
  RPFILTER_MATCH,
  SCTP_MATCH,
  SET_MATCH,
  STATE_MATCH,
  STATISTIC_MATCH,
  TCP_MATCH,
  TCPMSS_MATCH,
  TOS_MATCH,
  TTL_MATCH,
  UDP_MATCH,
];
