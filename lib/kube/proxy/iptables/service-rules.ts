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
import type { ServicePort } from "../service-port.ts";
import type { EndpointChoice } from "../topology.ts";
import { EXTERNAL_SERVICES, NODE_PORTS, PROXY_FIREWALL, SERVICES } from "./names.ts";
import { ownRules } from "./own-rules.ts";
import type { PortRules } from "./port-rules.ts";
import type { RuleContext } from "./rule-context.ts";
import { ownChains, planOf, type ServicePlan } from "./service-plan.ts";

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
  return { filter, shared, own: ownRules(plan, context), chains: ownChains(plan) };
}

/** What happens to traffic that finds no endpoint: refused if no node has one, else dropped. */
function refusal(plan: ServicePlan): { readonly comment: string; readonly target: string } {
  const { label } = plan.port;
  return plan.choice.hasAny
    ? { comment: `"${label} has no local endpoints"`, target: "DROP" }
    : { comment: `"${label} has no endpoints"`, target: "REJECT" };
}

function clusterIpRules(plan: ServicePlan, filter: string[], shared: string[]): void {
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

function externalIpRules(plan: ServicePlan, filter: string[], shared: string[]): void {
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

function loadBalancerRules(plan: ServicePlan, filter: string[], shared: string[]): void {
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

function nodePortRules(
  plan: ServicePlan,
  context: RuleContext,
  filter: string[],
  shared: string[],
): void {
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

function refuseExternal(plan: ServicePlan, match: string): string {
  const { comment, target } = refusal(plan);
  return `-A ${EXTERNAL_SERVICES} -m comment --comment ${comment} ${match} -j ${target}`;
}
