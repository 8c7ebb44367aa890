/**
 * The rules of one service port, in the wording of 1.25 and later. 1.30 and 1.36 differ only in the
 * rule that counts node port traffic on loopback addresses.
 *
 * KUBE-SERVICES and KUBE-NODEPORTS lead to a port's own chains: SVC and SVL dispatch to endpoints
 * under the Cluster and the Local policy, EXT is the entry from outside, FW stands before EXT for
 * load balancers with source ranges, and each endpoint has a SEP.
 *
 * Spec: Kubernetes v1.30, v1.36 pkg/proxy/iptables/proxier.go (syncProxyRules).
 */
import type { Endpoint } from "../endpoint.ts";
import { isExternallyAccessible, rangesCover, type ServicePort } from "../service-port.ts";
import type { EndpointChoice } from "../topology.ts";
import {
  EXTERNAL_SERVICES,
  endpointChain,
  MARK_MASQ,
  NODE_PORTS,
  PROXY_FIREWALL,
  SERVICES,
  type ServiceChains,
  serviceChains,
} from "./names.ts";
import type { PortRules } from "./port-rules.ts";
import { formatProbability, type RuleContext } from "./rule-context.ts";

/** What the parts of a port's rules are made from. */
interface Plan {
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

/** All rules of `port`. */
export function servicePortRules(
  port: ServicePort,
  choice: EndpointChoice,
  context: RuleContext,
): PortRules {
  const plan = planOf(port, choice);
  const filter: string[] = [];
  const shared: string[] = [];
  clusterIpRules(plan, filter, shared);
  externalIpRules(plan, filter, shared);
  loadBalancerRules(plan, filter, shared);
  nodePortRules(plan, context, filter, shared);
  const own: string[] = [];
  masqueradeRules(plan, context, own);
  externalChainRules(plan, context, own);
  firewallRules(plan, context, own);
  dispatchRules(plan, plan.chains.cluster, choice.cluster, context, own);
  dispatchRules(plan, plan.chains.local, choice.local, context, own);
  endpointRules(plan, context, own);
  return { filter, shared, own, chains: ownChains(plan) };
}

function planOf(port: ServicePort, choice: EndpointChoice): Plan {
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

function usesExternalChain(plan: Plan): boolean {
  return plan.choice.hasAny && isExternallyAccessible(plan.port);
}

/** The port's own chains in the order of their declaration. */
function ownChains(plan: Plan): string[] {
  const { chains, choice } = plan;
  const names: string[] = [];
  if (usesExternalChain(plan)) names.push(chains.external);
  if (plan.usesFirewall) names.push(chains.firewall);
  if (choice.cluster.length > 0) names.push(chains.cluster);
  if (choice.local.length > 0) names.push(chains.local);
  names.push(...plan.endpointChains.values());
  return names;
}

/** What happens to traffic that finds no endpoint: refused if no node has one, else dropped. */
function refusal(plan: Plan): { readonly comment: string; readonly target: string } {
  const { label } = plan.port;
  return plan.choice.hasAny
    ? { comment: `"${label} has no local endpoints"`, target: "DROP" }
    : { comment: `"${label} has no endpoints"`, target: "REJECT" };
}

function clusterIpRules(plan: Plan, filter: string[], shared: string[]): void {
  const { port, proto } = plan;
  const match = `${proto} -d ${port.clusterIp} --dport ${port.port}`;
  if (plan.hasInternal) {
    shared.push(
      `-A ${SERVICES} -m comment --comment "${port.label} cluster IP" ${match} -j ${plan.internalChain}`,
    );
  } else {
    const { comment, target } = refusal(plan);
    filter.push(`-A ${SERVICES} -m comment --comment ${comment} ${match} -j ${target}`);
  }
}

function externalIpRules(plan: Plan, filter: string[], shared: string[]): void {
  const { port, proto, chains } = plan;
  for (const ip of port.externalIps) {
    const match = `${proto} -d ${ip} --dport ${port.port}`;
    if (plan.choice.hasAny) {
      shared.push(
        `-A ${SERVICES} -m comment --comment "${port.label} external IP" ${match} -j ${chains.external}`,
      );
    }
    if (!plan.hasExternal) filter.push(refuseExternal(plan, match));
  }
}

function loadBalancerRules(plan: Plan, filter: string[], shared: string[]): void {
  const { port, proto, chains } = plan;
  const matches = port.loadBalancerIps.map((ip) => `${proto} -d ${ip} --dport ${port.port}`);
  const entry = plan.usesFirewall ? chains.firewall : chains.external;
  for (const match of matches) {
    if (plan.choice.hasAny) {
      shared.push(
        `-A ${SERVICES} -m comment --comment "${port.label} loadbalancer IP" ${match} -j ${entry}`,
      );
    }
    if (plan.usesFirewall) {
      const comment = `"${port.label} traffic not accepted by ${chains.firewall}"`;
      filter.push(`-A ${PROXY_FIREWALL} -m comment --comment ${comment} ${match} -j DROP`);
    }
  }
  if (plan.hasExternal) return;
  for (const match of matches) filter.push(refuseExternal(plan, match));
}

function nodePortRules(plan: Plan, context: RuleContext, filter: string[], shared: string[]): void {
  const { port, proto, chains } = plan;
  if (port.nodePort !== 0) {
    const rule = `-A ${NODE_PORTS} -m comment --comment ${port.label} ${proto}`;
    const dport = `--dport ${port.nodePort}`;
    if (plan.choice.hasAny && context.countLocalhost) {
      const count = "-m nfacct --nfacct-name localhost_nps_accepted_pkts";
      shared.push(`${rule} -d 127.0.0.0/8 ${dport} ${count} -j ${chains.external}`);
    }
    if (plan.choice.hasAny) shared.push(`${rule} ${dport} -j ${chains.external}`);
    if (!plan.hasExternal) {
      filter.push(refuseExternal(plan, `-m addrtype --dst-type LOCAL ${proto} ${dport}`));
    }
  }
  if (port.healthCheckNodePort !== 0) {
    filter.push(
      `-A ${NODE_PORTS} -m comment --comment "${port.label} health check node port" -m tcp -p tcp --dport ${port.healthCheckNodePort} -j ACCEPT`,
    );
  }
}

function refuseExternal(plan: Plan, match: string): string {
  const { comment, target } = refusal(plan);
  return `-A ${EXTERNAL_SERVICES} -m comment --comment ${comment} ${match} -j ${target}`;
}

/** Marks traffic to the cluster IP that is to be masqueraded. */
function masqueradeRules(plan: Plan, context: RuleContext, own: string[]): void {
  const { port, proto } = plan;
  if (!plan.hasInternal || (!context.masqueradeAll && context.ifNotLocal === "")) return;
  const rule = `-A ${plan.internalChain} -m comment --comment "${port.label} cluster IP" ${proto} -d ${port.clusterIp} --dport ${port.port}`;
  own.push(
    context.masqueradeAll
      ? `${rule} -j ${MARK_MASQ}`
      : `${rule} ${context.ifNotLocal} -j ${MARK_MASQ}`,
  );
}

/**
 * EXT: under the Cluster policy everything is masqueraded; under the Local policy only traffic of
 * the node itself is, and what comes from here may go to endpoints anywhere.
 */
function externalChainRules(plan: Plan, context: RuleContext, own: string[]): void {
  if (!usesExternalChain(plan)) return;
  const { port, chains } = plan;
  const rule = `-A ${chains.external}`;
  const comment = (text: string): string =>
    `-m comment --comment "${text} for ${port.label} external destinations"`;
  if (!port.externalPolicyLocal) {
    own.push(`${rule} ${comment("masquerade traffic")} -j ${MARK_MASQ}`);
  } else {
    if (context.ifLocal !== "") {
      own.push(`${rule} ${comment("pod traffic")} ${context.ifLocal} -j ${chains.cluster}`);
    }
    const fromHere = "-m addrtype --src-type LOCAL";
    own.push(
      `${rule} ${comment("masquerade LOCAL traffic")} ${fromHere} -j ${MARK_MASQ}`,
      `${rule} ${comment("route LOCAL traffic")} ${fromHere} -j ${chains.cluster}`,
    );
  }
  if (plan.hasExternal) {
    own.push(`${rule} -j ${port.externalPolicyLocal ? chains.local : chains.cluster}`);
  }
}

/** FW: lets source ranges through; what remains is dropped in the filter table. */
function firewallRules(plan: Plan, context: RuleContext, own: string[]): void {
  if (!plan.usesFirewall) return;
  const { port, chains } = plan;
  const rule = `-A ${chains.firewall} -m comment --comment`;
  const allow = (source: string): string =>
    `${rule} "${port.label} loadbalancer IP" -s ${source} -j ${chains.external}`;
  for (const range of port.sourceRanges) own.push(allow(range.text));
  // A node that may use the balancer reaches it with the balancer's own address as its source.
  if (rangesCover(port, context.nodeIp)) {
    for (const ip of port.loadBalancerIps) own.push(allow(ip));
  }
  own.push(`${rule} "other traffic to ${port.label} will be dropped by ${PROXY_FIREWALL}"`);
}

/** SVC or SVL: back to the endpoint a client sticks to, else one at random. */
function dispatchRules(
  plan: Plan,
  chain: string,
  endpoints: readonly Endpoint[],
  context: RuleContext,
  own: string[],
): void {
  const { port } = plan;
  const rules = endpoints.map((endpoint) => ({
    target: plan.endpointChains.get(endpoint) ?? "",
    rule: context.largeCluster
      ? `-A ${chain}`
      : `-A ${chain} -m comment --comment "${port.label} -> ${endpoint.text}"`,
  }));
  if (port.affinitySeconds !== 0) {
    const recently = `--rcheck --seconds ${port.affinitySeconds} --reap`;
    for (const { rule, target } of rules) {
      own.push(`${rule} -m recent --name ${target} ${recently} -j ${target}`);
    }
  }
  for (const [index, { rule, target }] of rules.entries()) {
    const left = rules.length - index;
    const chance =
      left === 1 ? "" : ` -m statistic --mode random --probability ${formatProbability(left)}`;
    own.push(`${rule}${chance} -j ${target}`);
  }
}

/** SEP: masquerades an endpoint's traffic to itself, and rewrites the destination. */
function endpointRules(plan: Plan, context: RuleContext, own: string[]): void {
  const { port, proto } = plan;
  const comment = context.largeCluster ? "" : ` -m comment --comment ${port.label}`;
  for (const [endpoint, chain] of plan.endpointChains) {
    const remember = port.affinitySeconds === 0 ? "" : ` -m recent --name ${chain} --set`;
    own.push(
      `-A ${chain}${comment} -s ${endpoint.ip} -j ${MARK_MASQ}`,
      `-A ${chain}${comment}${remember} ${proto} -j DNAT --to-destination ${endpoint.text}`,
    );
  }
}
