/**
 * Ports that kube-proxy holds so that no one else on the node takes them: it listens on them, though
 * rules lead their traffic elsewhere.
 *
 * Spec: Kubernetes v1.20 pkg/proxy/userspace/proxier.go (openOnlyLocalPort), pkg/util/net.
 */
import type { Ipv4 } from "../../base/inet.ts";
import { UdpSocket } from "../../socket/udp-socket.ts";
import type { Transports } from "../../transport/stack.ts";
import type { Held } from "../proxy/node.ts";
import type { RuleProtocol } from "../proxy/service-port.ts";
import { listenTcp } from "./tcp-relay.ts";

/** What holds nothing: kube-proxy leaves SCTP's ports alone, as binding one loads the module. */
const NOTHING: Held = { close: () => {} };

/** Holds a port of an address (0: any); null: it is taken. */
export function holdPort(
  stack: Transports,
  protocol: RuleProtocol,
  address: Ipv4,
  port: number,
): Held | null {
  switch (protocol) {
    case "tcp":
      return listenTcp(stack, address, port);
    case "udp": {
      const socket = new UdpSocket(stack);
      return socket.bind(address, port) === 0 ? socket : null;
    }
    case "sctp":
      return NOTHING;
  }
}
