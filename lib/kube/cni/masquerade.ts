/**
 * What Pods send to the world outside leaves with the node's address.
 *
 * Spec: kindnet's ip-masq-agent (KIND-MASQ-AGENT).
 */
import { type Cidr, formatCidr } from "../../base/inet.ts";

/** iptables-restore text, for `--noflush`, that masquerades all but what stays within `pods`. */
export function masqueradeRules(pods: Cidr): string {
  return `*nat
:KIND-MASQ-AGENT - [0:0]
-A POSTROUTING -m addrtype ! --dst-type LOCAL -m comment --comment "kind-masq-agent: ensure nat POSTROUTING directs all non-LOCAL destination traffic to our custom KIND-MASQ-AGENT chain" -j KIND-MASQ-AGENT
-A KIND-MASQ-AGENT -d ${formatCidr(pods)} -m comment --comment "kind-masq-agent: local traffic is not subject to MASQUERADE" -j RETURN
-A KIND-MASQ-AGENT -m comment --comment "kind-masq-agent: outbound traffic is subject to MASQUERADE (must be last in chain)" -j MASQUERADE
COMMIT
`;
}
