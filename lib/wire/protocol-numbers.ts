/**
 * EtherTypes, IP protocol numbers and the ports that vethwork itself names.
 *
 * Spec: IANA registries "IEEE 802 Numbers", "Protocol Numbers", "Service Names and Port Numbers".
 */

export const ETHERTYPE_IPV4 = 0x0800;
export const ETHERTYPE_ARP = 0x0806;
export const ETHERTYPE_IPV6 = 0x86dd;

export const IPPROTO_ICMP = 1;
export const IPPROTO_IGMP = 2;
export const IPPROTO_TCP = 6;
export const IPPROTO_UDP = 17;
export const IPPROTO_GRE = 47;
export const IPPROTO_ESP = 50;
export const IPPROTO_AH = 51;
export const IPPROTO_PIM = 103;
export const IPPROTO_SCTP = 132;

export const DNS_PORT = 53;
