/**
 * Rule text of N Services with two endpoints each, in kube-proxy's shape.
 */

/** The text for iptables-restore; eleven lines for each Service. */
export function serviceRules(count: number): string {
  const chains: string[] = [];
  const rules: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const hash = index.toString(16).toUpperCase().padStart(15, "0");
    const address = serviceAddress(index);
    const name = `ns/svc-${index}:http`;
    const service = `KUBE-SVC-0${hash}`;
    chains.push(`:${service} - [0:0]`, `:KUBE-SEP-A${hash} - [0:0]`, `:KUBE-SEP-B${hash} - [0:0]`);
    const where = `-m comment --comment "${name} cluster IP" -m tcp -p tcp -d ${address} --dport 80`;
    rules.push(`-A KUBE-SERVICES ${where} -j ${service}`);
    rules.push(`-A ${service} ${where} ! -s 10.244.0.0/16 -j KUBE-MARK-MASQ`);
    for (const [letter, node, choice] of [
      ["A", 1, "-m statistic --mode random --probability 0.5000000000 "],
      ["B", 2, ""],
    ] as const) {
      const endpoint = `10.244.${node}.${2 + (index % 250)}`;
      const chain = `KUBE-SEP-${letter}${hash}`;
      rules.push(
        `-A ${service} -m comment --comment "${name} -> ${endpoint}:8080" ${choice}-j ${chain}`,
        `-A ${chain} -m comment --comment ${name} -s ${endpoint} -j KUBE-MARK-MASQ`,
        `-A ${chain} -m comment --comment ${name} -m tcp -p tcp -j DNAT --to-destination ${endpoint}:8080`,
      );
    }
  }
  return [
    "*nat",
    ":KUBE-SERVICES - [0:0]",
    ":KUBE-MARK-MASQ - [0:0]",
    ...chains,
    '-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES',
    "-A KUBE-MARK-MASQ -j MARK --or-mark 0x00004000",
    ...rules,
    "COMMIT",
    "",
  ].join("\n");
}

/** The address of a Service by its number. */
export function serviceAddress(index: number): string {
  return `10.${96 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}`;
}
