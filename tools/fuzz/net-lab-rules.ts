/** Parameters and rules for a random network, as people set them. */
import { type NetLabDice, SERVICE } from "./net-lab-dice.ts";

/** A parameter and its value, of a device where it is one of many. */
export function randomSysctl(dice: NetLabDice, device: string): string {
  const conf = `net.ipv4.conf.${device}`;
  return dice.pick(
    `${conf}.rp_filter=${dice.below(3)}`,
    `${conf}.arp_ignore=${dice.pick(0, 1, 2, 8)}`,
    `${conf}.arp_announce=${dice.below(3)}`,
    `${conf}.arp_filter=1`,
    `${conf}.accept_redirects=${dice.below(2)}`,
    `${conf}.send_redirects=${dice.below(2)}`,
    `${conf}.secure_redirects=0`,
    `${conf}.shared_media=0`,
    `${conf}.proxy_arp=1`,
    `${conf}.arp_notify=1`,
    `${conf}.arp_accept=1`,
    `${conf}.route_localnet=1`,
    `${conf}.accept_local=1`,
    `${conf}.forwarding=0`,
    `${conf}.promote_secondaries=1`,
    `${conf}.drop_unicast_in_l2_multicast=1`,
    "net.ipv4.icmp_echo_ignore_all=1",
    "net.ipv4.icmp_echo_ignore_broadcasts=0",
    `net.ipv4.ip_default_ttl=${dice.pick(1, 2, 33, 255)}`,
    `net.ipv4.ip_no_pmtu_disc=${dice.pick(1, 2, 3)}`,
    "net.ipv4.icmp_errors_use_inbound_ifaddr=1",
    "net.ipv4.ip_forward_use_pmtu=1",
    "net.ipv4.ip_forward_update_priority=0",
    "net.ipv4.fwmark_reflect=1",
    `net.ipv4.icmp_ratelimit=${dice.pick(0, 1000, 50)}`,
  );
}

/** Rules of the router that belong together, as the words of `iptables`. */
export function randomRules(dice: NetLabDice): readonly string[] {
  const host = dice.host();
  const other = dice.other(host);
  const proto = dice.pick("tcp", "udp");
  const port = dice.pick(80, 9999);
  const backend = `${other.address}:${proto === "tcp" ? 8080 : 9999}`;
  const service = `-d ${SERVICE}/32 -p ${proto} --dport ${port}`;
  return dice.pick<readonly string[]>(
    [`-t nat -A PREROUTING ${service} -j DNAT --to-destination ${backend}`],
    [
      `-t nat -A PREROUTING ${service} -j DNAT --to-destination ${backend}`,
      "-t nat -A POSTROUTING -j MASQUERADE",
    ],
    [`-t nat -A OUTPUT ${service} -j DNAT --to-destination ${backend}`],
    [
      `-t nat -A PREROUTING ${service} -m statistic --mode nth --every 2 --packet 0 -j DNAT --to-destination ${backend}`,
      `-t nat -A PREROUTING ${service} -j DNAT --to-destination ${host.address}:8080`,
    ],
    [`-t nat -A PREROUTING -d ${SERVICE}/32 -j DNAT --to-destination ${other.address}`],
    [`-t nat -A POSTROUTING -s ${host.address} -j SNAT --to-source 172.16.0.9`],
    [`-t nat -A POSTROUTING -o ${other.gatewayDevice} -j MASQUERADE`],
    [`-t nat -A POSTROUTING -s ${host.address}/32 -d ${other.address}/32 -j MASQUERADE`],
    ["-t nat -A PREROUTING -p udp --dport 9999 -j REDIRECT"],
    ["-t nat -A PREROUTING -p tcp --dport 80 -j REDIRECT --to-ports 8080"],
    [`-A FORWARD -s ${host.address} -d ${other.address} -j ${reject(dice)}`],
    [`-A INPUT -p ${dice.pick("icmp", "udp", "tcp")} -j ${reject(dice)}`],
    [`-A OUTPUT -d ${host.address} -j ${reject(dice)}`],
    ["-A FORWARD -m conntrack --ctstate INVALID -j DROP"],
    [
      "-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
      `-A FORWARD -s ${host.address} -j ACCEPT`,
      "-P FORWARD DROP",
    ],
    ["-t raw -A PREROUTING -p icmp -j NOTRACK"],
    [`-t raw -A PREROUTING -s ${host.address} -j CT --notrack`],
    ["-t mangle -A PREROUTING -p icmp -j TTL --ttl-set 2"],
    [`-t mangle -A FORWARD -d ${host.address} -j TTL --ttl-inc 3`],
    ["-t mangle -A POSTROUTING -p icmp -j TOS --set-tos 0x10/0xff"],
    ["-t mangle -A PREROUTING -j MARK --set-mark 0x4000", "-A FORWARD -m mark --mark 0x4000"],
    ["-A FORWARD -p icmp -m length --length 1000:65535 -j DROP"],
    ["-A FORWARD -p icmp -m limit --limit 1/sec --limit-burst 2 -j ACCEPT", "-P FORWARD DROP"],
    ["-A FORWARD -f -j DROP"],
    [`-A FORWARD -m physdev --physdev-in ${host.port} -j ACCEPT`],
    [
      "-A FORWARD -p icmp -m recent --name seen --set",
      "-A FORWARD -m recent --name seen --rcheck -j DROP",
    ],
    [
      `-t nat -A PREROUTING ${service} -m recent --name one --rcheck --seconds 60 --reap -j DNAT --to-destination ${backend}`,
      `-t nat -A PREROUTING ${service} -m recent --name one --set -j DNAT --to-destination ${backend}`,
    ],
  );
}

function reject(dice: NetLabDice): string {
  return dice.pick(
    "DROP",
    "REJECT",
    "REJECT --reject-with icmp-host-prohibited",
    "REJECT --reject-with icmp-admin-prohibited",
    "REJECT --reject-with icmp-net-unreachable",
  );
}
