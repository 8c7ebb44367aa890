/**
 * Ports of the node that Services use themselves, as node ports or on addresses of the node. They
 * are held, though rules lead their traffic away, so that no one else takes them.
 *
 * Spec: Kubernetes v1.20 pkg/proxy/userspace/proxier.go (claimNodePort, releaseNodePort).
 */
import type { Held, SocketTool } from "../node.ts";
import type { RuleProtocol } from "../service-port.ts";

/** Who holds which port of the node. */
export class PortClaims {
  readonly #sockets: SocketTool;
  readonly #claims = new Map<string, { readonly owner: string; readonly held: Held }>();

  constructor(sockets: SocketTool) {
    this.#sockets = sockets;
  }

  /** Whether `owner` has the port now, new or from before. `ip` "": any address. */
  claim(owner: string, protocol: RuleProtocol, ip: string, port: number): boolean {
    const key = claimKey(protocol, ip, port);
    const claim = this.#claims.get(key);
    if (claim !== undefined) return claim.owner === owner;
    const held = this.#sockets.hold(protocol, ip, port);
    if (held === null) return false;
    this.#claims.set(key, { owner, held });
    return true;
  }

  /** Gives the port back if `owner` has it. */
  release(owner: string, protocol: RuleProtocol, ip: string, port: number): void {
    const key = claimKey(protocol, ip, port);
    const claim = this.#claims.get(key);
    if (claim?.owner !== owner) return;
    claim.held.close();
    this.#claims.delete(key);
  }
}

function claimKey(protocol: RuleProtocol, ip: string, port: number): string {
  return `${ip}:${port}/${protocol}`;
}
