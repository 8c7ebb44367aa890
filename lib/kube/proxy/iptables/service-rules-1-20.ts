/**
 * The rules of one service port in the wording of 1.20: masquerading is asked for in the shared
 * chains, a Local policy has one XLB chain, source ranges end in KUBE-MARK-DROP, and addresses have
 * their /32.
 *
 * Spec: Kubernetes v1.20 pkg/proxy/iptables/proxier.go (syncProxyRules).
 */
import { type Endpoint, isOnNode } from "../endpoint.ts";
import { rangesCover, type ServicePort } from "../service-port.ts";
import {
  EXTERNAL_SERVICES,
  endpointChain,
  MARK_DROP,
  MARK_MASQ,
  NODE_PORTS,
  SERVICES,
  type ServiceChains,
  serviceChains,
} from "./names.ts";
import type { PortRules } from "./port-rules.ts";
import { formatProbability, type RuleContext } from "./rule-context.ts";

/** What one sync of release 1.20 knows beside the service port. */
export interface RuleContext120 extends RuleContext {
  readonly nodeName: string;
  /** Whether the node has any address for node ports. */
  readonly hasNodePortAddress: boolean;
  /** External IPs of this node whose port could not be held. */
  readonly unheld: (port: ServicePort, ip: string) => boolean;
}

interface Plan {
  readonly port: ServicePort;
  readonly chains: ServiceChains;
  readonly endpoints: readonly { readonly endpoint: Endpoint; readonly chain: string }[];
  readonly proto: string;
  /** Where traffic from outside goes. */
  readonly entry: string;
  readonly filter: string[];
  readonly nat: string[];
  readonly declared: string[];
}

/** All rules of `port`, whose endpoints are all ready. */
export function servicePortRules120(
  port: ServicePort,
  endpoints: readonly Endpoint[],
  context: RuleContext120,
): PortRules {
  const plan = planOf(port, endpoints);
  const { declared, chains, filter, nat } = plan;
  if (endpoints.length > 0) declared.push(chains.cluster);
  if (port.externalPolicyLocal) declared.push(chains.loadBalancer);
  clusterIpRules(plan, context);
  externalIpRules(plan, context);
  loadBalancerRules(plan, context);
  const goesOn = nodePortRules(plan, context);
  if (goesOn && endpoints.length > 0) {
    dispatchRules(plan, context);
    if (port.externalPolicyLocal) localPolicyRules(plan, context);
  }
  return { filter, shared: nat, own: [], chains: declared };
}

function planOf(port: ServicePort, endpoints: readonly Endpoint[]): Plan {
  const chains = serviceChains(port);
  return {
    port,
    chains,
    endpoints: endpoints.map((endpoint) => ({
      endpoint,
      chain: endpointChain(port, endpoint.text),
    })),
    proto: `-m ${port.protocol} -p ${port.protocol}`,
    entry: port.externalPolicyLocal ? chains.loadBalancer : chains.cluster,
    filter: [],
    nat: [],
    declared: [],
  };
}

function clusterIpRules(plan: Plan, context: RuleContext): void {
  const { port, proto, chains } = plan;
  const match = `${proto} -d ${port.clusterIp}/32 --dport ${port.port}`;
  if (plan.endpoints.length === 0) {
    plan.filter.push(reject(plan, SERVICES, match));
    return;
  }
  const rule = `-A ${SERVICES} -m comment --comment "${port.label} cluster IP" ${match}`;
  if (context.masqueradeAll) plan.nat.push(`${rule} -j ${MARK_MASQ}`);
  else if (context.ifNotLocal !== "")
    plan.nat.push(`${rule} ${context.ifNotLocal} -j ${MARK_MASQ}`);
  plan.nat.push(`${rule} -j ${chains.cluster}`);
}

/** Only what does not come over a bridge port or from here, and what is meant for here. */
function externalIpRules(plan: Plan, context: RuleContext120): void {
  const { port, proto } = plan;
  for (const ip of port.externalIps) {
    if (context.unheld(port, ip)) continue;
    const match = `${proto} -d ${ip}/32 --dport ${port.port}`;
    if (plan.endpoints.length === 0) {
      plan.filter.push(reject(plan, EXTERNAL_SERVICES, match));
      continue;
    }
    const rule = `-A ${SERVICES} -m comment --comment "${port.label} external IP" ${match}`;
    if (!port.externalPolicyLocal) plan.nat.push(`${rule} -j ${MARK_MASQ}`);
    plan.nat.push(
      `${rule} -m physdev ! --physdev-is-in -m addrtype ! --src-type LOCAL -j ${plan.entry}`,
      `${rule} -m addrtype --dst-type LOCAL -j ${plan.entry}`,
    );
  }
}

/** The FW chain is declared and filled once for each ingress address, so its rules may repeat. */
function loadBalancerRules(plan: Plan, context: RuleContext): void {
  const { port, proto, chains } = plan;
  for (const ip of port.loadBalancerIps) {
    const match = `${proto} -d ${ip}/32 --dport ${port.port}`;
    if (plan.endpoints.length === 0) {
      plan.filter.push(reject(plan, EXTERNAL_SERVICES, match));
      continue;
    }
    plan.declared.push(chains.firewall);
    const comment = `-m comment --comment "${port.label} loadbalancer IP"`;
    plan.nat.push(`-A ${SERVICES} ${comment} ${match} -j ${chains.firewall}`);
    const rule = `-A ${chains.firewall} ${comment}`;
    if (!port.externalPolicyLocal) plan.nat.push(`${rule} -j ${MARK_MASQ}`);
    if (port.sourceRanges.length === 0) plan.nat.push(`${rule} -j ${plan.entry}`);
    for (const range of port.sourceRanges) {
      plan.nat.push(`${rule} -s ${range.text} -j ${plan.entry}`);
    }
    if (rangesCover(port, context.nodeIp)) plan.nat.push(`${rule} -s ${ip}/32 -j ${plan.entry}`);
    plan.nat.push(`${rule} -j ${MARK_DROP}`);
  }
}

/** False if the rest of the port's rules is left out, for want of an address for node ports. */
function nodePortRules(plan: Plan, context: RuleContext120): boolean {
  const { port, proto, chains } = plan;
  if (port.nodePort === 0) return true;
  if (!context.hasNodePortAddress) return false;
  const match = `${proto} --dport ${port.nodePort}`;
  if (plan.endpoints.length === 0) {
    plan.filter.push(reject(plan, EXTERNAL_SERVICES, `-m addrtype --dst-type LOCAL ${match}`));
    return true;
  }
  const rule = `-A ${NODE_PORTS} -m comment --comment ${port.label} ${match}`;
  if (port.externalPolicyLocal) {
    plan.nat.push(`${rule} -s 127.0.0.0/8 -j ${MARK_MASQ}`, `${rule} -j ${chains.loadBalancer}`);
  } else {
    plan.nat.push(`${rule} -j ${MARK_MASQ}`, `${rule} -j ${chains.cluster}`);
  }
  return true;
}

function reject(plan: Plan, chain: string, match: string): string {
  const comment = `"${plan.port.label} has no endpoints"`;
  return `-A ${chain} -m comment --comment ${comment} ${match} -j REJECT`;
}

/** SVC, and between its rules those of each endpoint's SEP. */
function dispatchRules(plan: Plan, context: RuleContext): void {
  const { port, proto, chains, endpoints, nat } = plan;
  const comment = context.largeCluster ? "" : ` -m comment --comment ${port.label}`;
  for (const { chain } of endpoints) plan.declared.push(chain);
  if (port.affinitySeconds !== 0) {
    for (const { chain } of endpoints) nat.push(stick(chains.cluster, comment, chain, port));
  }
  for (const [index, { endpoint, chain }] of endpoints.entries()) {
    const remember = port.affinitySeconds === 0 ? "" : ` -m recent --name ${chain} --set`;
    nat.push(
      `-A ${chains.cluster}${comment}${chance(endpoints.length - index)} -j ${chain}`,
      `-A ${chain}${comment} -s ${endpoint.ip}/32 -j ${MARK_MASQ}`,
      `-A ${chain}${comment}${remember} ${proto} -j DNAT --to-destination ${endpoint.text}`,
    );
  }
}

/** XLB: pods and the node itself go anywhere, the rest to endpoints on this node. */
function localPolicyRules(plan: Plan, context: RuleContext120): void {
  const { port, chains, nat } = plan;
  const rule = `-A ${chains.loadBalancer}`;
  const comment = (text: string): string => `-m comment --comment "${text}"`;
  if (context.ifLocal !== "") {
    const text = "Redirect pods trying to reach external loadbalancer VIP to clusterIP";
    nat.push(`${rule} ${comment(text)} ${context.ifLocal} -j ${chains.cluster}`);
  }
  const fromHere = "-m addrtype --src-type LOCAL";
  nat.push(
    `${rule} ${comment(`masquerade LOCAL traffic for ${port.label} LB IP`)} ${fromHere} -j ${MARK_MASQ}`,
    `${rule} ${comment(`route LOCAL traffic for ${port.label} LB IP to service chain`)} ${fromHere} -j ${chains.cluster}`,
  );
  const here = plan.endpoints.filter(({ endpoint }) => isOnNode(endpoint, context.nodeName));
  if (here.length === 0) {
    nat.push(`${rule} ${comment(`${port.label} has no local endpoints`)} -j ${MARK_DROP}`);
    return;
  }
  if (port.affinitySeconds !== 0) {
    const label = ` -m comment --comment ${port.label}`;
    for (const { chain } of here) nat.push(stick(chains.loadBalancer, label, chain, port));
  }
  for (const [index, { chain }] of here.entries()) {
    const text = comment(`Balancing rule ${index} for ${port.label}`);
    nat.push(`${rule} ${text}${chance(here.length - index)} -j ${chain}`);
  }
}

function stick(from: string, comment: string, chain: string, port: ServicePort): string {
  const recently = `-m recent --name ${chain} --rcheck --seconds ${port.affinitySeconds} --reap`;
  return `-A ${from}${comment} ${recently} -j ${chain}`;
}

function chance(left: number): string {
  return left === 1 ? "" : ` -m statistic --mode random --probability ${formatProbability(left)}`;
}
