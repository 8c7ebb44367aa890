/**
 * What the rules of one service port are made from, in the wording of 1.25 and later: which of its
 * chains there are, and whether traffic from inside and outside finds an endpoint.
 *
 * Spec: Kubernetes v1.30, v1.36 pkg/proxy/iptables/proxier.go (syncProxyRules).
 */
import type { Endpoint } from "../endpoint.ts";
import { isExternallyAccessible, type ServicePort } from "../service-port.ts";
import type { EndpointChoice } from "../topology.ts";
import { endpointChain, type ServiceChains, serviceChains } from "./names.ts";

/** Which chains a service port needs, and where they lead. */
export interface ServicePlan {
  readonly port: ServicePort;
  readonly chains: ServiceChains;
  readonly choice: EndpointChoice;
  /** The chain of each reachable endpoint. */
  readonly endpointChains: ReadonlyMap<Endpoint, string>;
  /** `-m tcp -p tcp` */
  readonly proto: string;
  /** Whether traffic to the cluster IP finds an endpoint. */
  readonly hasInternal: boolean;
  /** Whether traffic from outside finds an endpoint. */
  readonly hasExternal: boolean;
  readonly internalChain: string;
  readonly usesFirewall: boolean;
}

/** Plans the rules of a port for the endpoints that were chosen. */
export function planOf(port: ServicePort, choice: EndpointChoice): ServicePlan {
  const { hasAny, local } = choice;
  const chains = serviceChains(port);
  return {
    port,
    chains,
    choice,
    endpointChains: new Map(
      choice.reachable.map((endpoint) => [endpoint, endpointChain(port, endpoint.text)]),
    ),
    proto: `-m ${port.protocol} -p ${port.protocol}`,
    hasInternal: hasAny && !(port.internalPolicyLocal && local.length === 0),
    hasExternal: hasAny && !(port.externalPolicyLocal && local.length === 0),
    internalChain: port.internalPolicyLocal ? chains.local : chains.cluster,
    usesFirewall: hasAny && port.loadBalancerIps.length > 0 && port.sourceRanges.length > 0,
  };
}

/** Whether traffic from outside has a chain to enter. */
export function usesExternalChain(plan: ServicePlan): boolean {
  return plan.choice.hasAny && isExternallyAccessible(plan.port);
}

/** The port's own chains in the order of their declaration. */
export function ownChains(plan: ServicePlan): string[] {
  const { chains, choice } = plan;
  const names: string[] = [];
  if (usesExternalChain(plan)) names.push(chains.external);
  if (plan.usesFirewall) names.push(chains.firewall);
  if (choice.cluster.length > 0) names.push(chains.cluster);
  if (choice.local.length > 0) names.push(chains.local);
  names.push(...plan.endpointChains.values());
  return names;
}
