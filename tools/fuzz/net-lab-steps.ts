/** What happens in a random network: traffic, and changes of what it goes by. */
import { type NetLabDice, SERVICE } from "./net-lab-dice.ts";

/** A step of a lab that runs a command, as YAML. */
export function runStep(node: string, command: string): string {
  return `{ on: ${node}, run: "${command}" }`;
}

/** A ping from somewhere to somewhere. */
export function randomPing(dice: NetLabDice): string {
  const from = dice.host();
  const node = dice.chance(15) ? "r" : from.name;
  if (dice.chance(8)) {
    return runStep(node, `ping -b -c 1 -W 1.4 ${from.network}.255`);
  }
  const count = dice.pick("1", "1", "2", "3");
  const size = dice.pick(
    "",
    "",
    "",
    "-s 1372 ",
    "-s 1472 ",
    "-s 1473 ",
    "-s 3000 ",
    "-s 0 ",
    "-s 1200 ",
  );
  const discover = dice.pick("", "", "", "-M do ", "-M dont ", "-M want ");
  const ttl = dice.pick("", "", "", "", "-t 1 ", "-t 2 ");
  const tos = dice.chance(10) ? "-Q 0x10 " : "";
  const pace = count === "1" ? "" : dice.pick("-i 0.2 ", "-i 0.5 ");
  return runStep(
    node,
    `ping -c ${count} ${pace}-W 1.4 ${size}${discover}${ttl}${tos}${dice.target(from)}`,
  );
}

/** A line to a port, which may answer. */
export function randomNetcat(dice: NetLabDice): string {
  const from = dice.host();
  const target = dice.target(from);
  const long = dice.chance(15);
  const say = long ? "head -c 2500 /dev/zero" : "printf hello";
  const node = dice.chance(12) ? "r" : from.name;
  return dice.chance(50)
    ? runStep(node, `${say} | timeout 1.4 nc -u ${target} ${dice.pick(9999, 9999, 80)}`)
    : runStep(node, `${say} | timeout 2.4 nc -N ${target} ${dice.pick(8080, 8080, 80)}`);
}

/** An address, route, neighbour, link or rule changes, or somebody looks at them. */
export function randomChange(dice: NetLabDice): readonly string[] {
  const host = dice.host();
  const other = dice.other(host);
  const { network, port } = host;
  const one = (node: string, command: string): readonly string[] => [runStep(node, command)];
  return dice.pick<() => readonly string[]>(
    () => one(host.name, `ip neigh flush dev eth0`),
    () => one("r", `ip neigh flush dev ${host.gatewayDevice}`),
    () => one(host.name, `ip neigh replace ${network}.1 lladdr 02:00:00:00:0b:ad dev eth0`),
    () =>
      one(host.name, `ip neigh replace ${network}.77 lladdr 02:00:00:00:0b:ad dev eth0 nud stale`),
    () => one(host.name, `ip route replace ${other.address} via ${network}.1`),
    () => one(host.name, `ip route add ${other.address} dev eth0`),
    () =>
      one(
        host.name,
        `ip route replace ${dice.pick("unreachable", "blackhole", "prohibit", "throw")} ${other.address}`,
      ),
    () =>
      one("r", `ip route add ${dice.pick("unreachable", "blackhole", "prohibit")} ${host.address}`),
    () => one("r", `ip route del ${host.address}`),
    () => one("r", `ip route replace ${SERVICE} via ${host.address}`),
    () => one("r", `ip route flush cache`),
    () => one(host.name, `ip addr del ${host.address}/${host.prefix} dev eth0`),
    () => one(host.name, `ip addr add ${host.address}/${host.prefix} dev eth0`),
    () => one(host.name, `ip addr add ${network}.77/24 dev eth0`),
    () => one(host.name, "ip link set eth0 address 02:00:00:00:00:99"),
    () => one(host.name, "ip link set eth0 mtu 1280"),
    () => one("r", `ip link set ${port} mtu 1300`),
    () => {
      const end = dice.pick(`${host.name}:eth0`, `r:${port}`);
      const meanwhile = dice.chance(30)
        ? [runStep(other.name, `ping -c 1 -W 1.4 ${host.address}`)]
        : [];
      return [`{ down: "${end}" }`, ...meanwhile, `{ up: "${end}" }`];
    },
    () => one("r", "conntrack -F"),
    () => one("r", "conntrack -D -p udp"),
    () => one("r", "iptables -t nat -F"),
    () => one("r", "iptables -F FORWARD"),
    () => one(host.name, "sysctl -w net.ipv4.ip_forward=1"),
    () => one(host.name, "ip neigh"),
    () => one("r", "ip neigh"),
  )();
}
