/**
 * The rules in a service port's own chains, in the wording of 1.25 and later. A partial sync writes
 * them only for Services that changed.
 *
 * Spec: Kubernetes v1.30, v1.36 pkg/proxy/iptables/proxier.go (syncProxyRules,
 * writeServiceToEndpointRules).
 */
import type { Endpoint } from "../endpoint.ts";
import { rangesCover } from "../service-port.ts";
import { MARK_MASQ, PROXY_FIREWALL } from "./names.ts";
import { formatProbability, type RuleContext } from "./rule-context.ts";
import { type ServicePlan, usesExternalChain } from "./service-plan.ts";

/** All rules of the port's own chains, in order. */
export function ownRules(plan: ServicePlan, context: RuleContext): string[] {
  const { chains, choice } = plan;
  const own: string[] = [];
  masqueradeRules(plan, context, own);
  externalChainRules(plan, context, own);
  firewallRules(plan, context, own);
  dispatchRules(plan, chains.cluster, choice.cluster, context, own);
  dispatchRules(plan, chains.local, choice.local, context, own);
  endpointRules(plan, context, own);
  return own;
}

/** Marks traffic to the cluster IP that is to be masqueraded. */
function masqueradeRules(plan: ServicePlan, context: RuleContext, own: string[]): void {
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
function externalChainRules(plan: ServicePlan, context: RuleContext, own: string[]): void {
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
function firewallRules(plan: ServicePlan, context: RuleContext, own: string[]): void {
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
  plan: ServicePlan,
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
function endpointRules(plan: ServicePlan, context: RuleContext, own: string[]): void {
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
