/**
 * `ethtool`: what a veth says of itself. Offloads are off here, since frames are MTU-sized and carry
 * whole checksums, so `-K` is accepted where it asks for that.
 *
 * Spec: ethtool 6.1. Kernel: drivers/net/veth.c (veth_ethtool_ops), 6.18.
 * Not modelled: other devices than veth, other settings.
 */
import type { NetDevice } from "../../link/device.ts";
import { Veth } from "../../link/veth.ts";
import { type Command, immediate, notModelled, ToolError } from "../command.ts";
import { findDevice } from "../host.ts";

const ALLOWED = "ethtool DEV, -i DEV, -k DEV, -S DEV, -P DEV, -K DEV FEATURE off …";

/** What is asked for, by option. */
const REPORTS: ReadonlyMap<string, (device: NetDevice) => string> = new Map([
  ["", settingsText],
  ["-i", driverText],
  ["--driver", driverText],
  ["-k", featuresText],
  ["--show-features", featuresText],
  ["--show-offload", featuresText],
  ["-S", statisticsText],
  ["--statistics", statisticsText],
  ["-P", () => "Permanent address: not set\n"],
  ["--show-permaddr", () => "Permanent address: not set\n"],
]);

/** The command. */
export const ethtool: Command = {
  name: "ethtool",
  parse(args) {
    const [first = ""] = args;
    const option = first.startsWith("-") ? first : "";
    const [name = "", ...features] = option === "" ? args : args.slice(1);
    if (["-K", "--features", "--offload"].includes(option)) return offloads(name, features);
    const report = REPORTS.get(option);
    if (report === undefined || name === "") throw notModelled("ethtool", first, ALLOWED);
    return immediate(({ host, io }) => {
      const device = findDevice(host, name);
      if (device === null) {
        if (option === "") io.stdout("No data available\n");
        throw noDevice(report);
      }
      if (device.kind !== "veth") throw notModelled("ethtool", device.kind, "veth devices");
      io.stdout(report(device));
      return 0;
    });
  },
};

const NO_NAME = "netlink error: no device matches name (offset 24)\n";
const NO_DEVICE = "netlink error: No such device\n";

/** What each report says of a device that is not there, and with which status. */
const MISSING: ReadonlyMap<(device: NetDevice) => string, readonly [string, number]> = new Map([
  // It asks for five things and complains five times.
  [settingsText, [(NO_NAME + NO_DEVICE).repeat(5), 75]],
  [driverText, ["Cannot get driver information: No such device", 71]],
  [statisticsText, ["Cannot get stats strings information: No such device", 96]],
  [featuresText, [NO_NAME + NO_DEVICE, 1]],
]);

function noDevice(report: (device: NetDevice) => string): ToolError {
  const [text, status] = MISSING.get(report) ?? [NO_DEVICE, 1];
  return new ToolError(text, status);
}

function offloads(name: string, features: readonly string[]): ReturnType<Command["parse"]> {
  for (let index = 0; index < features.length; index += 2) {
    if (features[index + 1] !== "off") {
      throw notModelled("ethtool", `${features[index]} ${features[index + 1] ?? ""}`, ALLOWED);
    }
  }
  return immediate(({ host }) => {
    if (findDevice(host, name) === null) throw new ToolError(NO_NAME + NO_DEVICE, 92);
    return 0;
  });
}

function settingsText(device: NetDevice): string {
  return `${[
    `Settings for ${device.name}:`,
    "Supported ports: [  ]",
    "Supported link modes:   Not reported",
    "Supported pause frame use: No",
    "Supports auto-negotiation: No",
    "Supported FEC modes: Not reported",
    "Advertised link modes:  Not reported",
    "Advertised pause frame use: No",
    "Advertised auto-negotiation: No",
    "Advertised FEC modes: Not reported",
    "Speed: 10000Mb/s",
    "Duplex: Full",
    "Auto-negotiation: off",
    "Port: Twisted Pair",
    "PHYAD: 0",
    "Transceiver: internal",
    "MDI-X: Unknown",
    `Link detected: ${device.running ? "yes" : "no"}`,
  ].join("\n\t")}\n`;
}

function driverText(): string {
  return `${[
    "driver: veth",
    "version: 1.0",
    "firmware-version: ",
    "expansion-rom-version: ",
    "bus-info: ",
    "supports-statistics: yes",
    "supports-test: no",
    "supports-eeprom-access: no",
    "supports-register-dump: no",
    "supports-priv-flags: no",
  ].join("\n")}\n`;
}

function statisticsText(device: NetDevice): string {
  const counters = [
    "rx_queue_0_xdp_packets",
    "rx_queue_0_xdp_bytes",
    "rx_queue_0_drops",
    "rx_queue_0_xdp_redirect",
    "rx_queue_0_xdp_drops",
    "rx_queue_0_xdp_tx",
    "rx_queue_0_xdp_tx_errors",
    "tx_queue_0_xdp_xmit",
    "tx_queue_0_xdp_xmit_errors",
  ].map((name) => `     ${name}: 0\n`);
  const peer = device instanceof Veth ? (device.peer?.index ?? 0) : 0;
  return `NIC statistics:\n     peer_ifindex: ${peer}\n${counters.join("")}`;
}

/** Features in the order of the kernel's bits; a blank before those that belong to one above. */
const FEATURES = `rx-checksumming off
tx-checksumming off
 tx-checksum-ipv4 fixed
 tx-checksum-ip-generic off
 tx-checksum-ipv6 fixed
 tx-checksum-fcoe-crc fixed
 tx-checksum-sctp off
scatter-gather off
 tx-scatter-gather off
 tx-scatter-gather-fraglist off
tcp-segmentation-offload off
 tx-tcp-segmentation off
 tx-tcp-ecn-segmentation off
 tx-tcp-mangleid-segmentation off
 tx-tcp6-segmentation off
 tx-tcp-accecn-segmentation off
generic-segmentation-offload off
generic-receive-offload off
large-receive-offload fixed
rx-vlan-offload on
tx-vlan-offload on
ntuple-filters fixed
receive-hashing fixed
highdma on
rx-vlan-filter fixed
vlan-challenged fixed
tx-gso-robust fixed
tx-fcoe-segmentation fixed
tx-gre-segmentation on
tx-gre-csum-segmentation on
tx-ipxip4-segmentation on
tx-ipxip6-segmentation on
tx-udp_tnl-segmentation on
tx-udp_tnl-csum-segmentation on
tx-gso-partial fixed
tx-tunnel-remcsum-segmentation fixed
tx-sctp-segmentation on
tx-esp-segmentation fixed
tx-udp-segmentation requested
tx-gso-list on
tx-nocache-copy off
loopback fixed
rx-fcs fixed
rx-all fixed
tx-vlan-stag-hw-insert on
rx-vlan-stag-hw-parse on
rx-vlan-stag-filter fixed
l2-fwd-offload fixed
hw-tc-offload fixed
esp-hw-offload fixed
esp-tx-csum-hw-offload fixed
rx-udp_tunnel-port-offload fixed
tls-hw-tx-offload fixed
tls-hw-rx-offload fixed
rx-gro-hw fixed
tls-hw-record fixed
rx-gro-list off
macsec-hw-offload fixed
rx-udp-gro-forwarding off
hsr-tag-ins-offload fixed
hsr-tag-rm-offload fixed
hsr-fwd-offload fixed
hsr-dup-offload fixed`;
const FEATURE_STATES: Readonly<Record<string, string>> = {
  fixed: "off [fixed]",
  requested: "off [requested on]",
};

function featuresText(device: NetDevice): string {
  const lines = FEATURES.split("\n").map((line) => {
    const [name = "", state = ""] = line.trim().split(" ");
    return `${line.startsWith(" ") ? "\t" : ""}${name}: ${FEATURE_STATES[state] ?? state}\n`;
  });
  return `Features for ${device.name}:\n${lines.join("")}`;
}
