/**
 * `ip route get`: what the host decides about one destination.
 *
 * Spec: iproute2 6.1, ip/iproute.c (iproute_get).
 * Kernel: net/ipv4/route.c (inet_rtm_getroute, rt_fill_info), 6.18.
 */
import { formatIpv4, type Ipv4 } from "../../../base/inet.ts";
import { NS_PER_S } from "../../../base/units.ts";
import { Flow } from "../../../net/inet.ts";
import type { Route } from "../../../net/route.ts";
import { AddressType } from "../../../netfilter/hooks.ts";
import { notModelled, ToolError } from "../../command.ts";
import type { Words } from "../../words.ts";
import { type IpAction, needDevice, readAddress, readNumber, refused } from "./context.ts";
import { metricsText, routeTypeName } from "./route-format.ts";

interface Question {
  destination: Ipv4;
  source: Ipv4;
  mark: number;
  tos: number;
  outputDevice: string;
  protocol: number;
  sourcePort: number;
  destinationPort: number;
}

const PROTOCOLS: Readonly<Record<string, number>> = { tcp: 6, udp: 17, icmp: 1 };

/** Reads what stands behind `ip route get`. */
export function readGet(words: Words): IpAction {
  const question = readQuestion(words);
  return ({ host, print }) => {
    const { namespace } = host;
    const flow = new Flow();
    flow.destination = question.destination;
    flow.source = question.source;
    flow.mark = question.mark;
    flow.tos = question.tos;
    flow.protocol = question.protocol;
    flow.sourcePort = question.sourcePort;
    flow.destinationPort = question.destinationPort;
    if (question.outputDevice !== "") {
      flow.outputIndex = needDevice(host, question.outputDevice).index;
    }
    const route = namespace.routing.output(flow);
    if (typeof route === "number") throw refused(-route);
    print(answer(route, question, namespace.cpu.now));
  };
}

function readQuestion(words: Words): Question {
  const question: Question = {
    destination: 0 as Ipv4,
    source: 0 as Ipv4,
    mark: 0,
    tos: 0,
    outputDevice: "",
    protocol: 0,
    sourcePort: 0,
    destinationPort: 0,
  };
  let asked = false;
  while (!words.done) {
    if (words.takes("from")) question.source = readAddress(words.take());
    else if (words.takes("mark")) question.mark = readNumber(words, 'invalid "mark" value');
    else if (words.takes("tos", "dsfield"))
      question.tos = readNumber(words, "TOS value is invalid", 255);
    else if (words.takes("dev", "oif")) question.outputDevice = words.take();
    else if (words.takes("ipproto")) {
      const text = words.take();
      question.protocol = PROTOCOLS[text] ?? Number(text);
    } else if (words.takes("sport"))
      question.sourcePort = readNumber(words, "invalid sport", 65535);
    else if (words.takes("dport"))
      question.destinationPort = readNumber(words, "invalid dport", 65535);
    else if (["iif", "vrf", "fibmatch", "uid", "connected", "notify"].includes(words.peek())) {
      throw notModelled(
        "ip route get",
        words.peek(),
        "from, oif, mark, tos, ipproto, sport, dport",
      );
    } else {
      words.takes("to");
      question.destination = readAddress(words.take().replace(/\/32$/, ""));
      asked = true;
    }
  }
  if (!asked) throw new ToolError("need at least a destination address", 1);
  return question;
}

function answer(route: Route, question: Question, now: number): string {
  const isPlain = route.type === AddressType.UNICAST;
  let text = isPlain ? "" : `${routeTypeName(route.type)} `;
  text += formatIpv4(question.destination);
  if (question.source !== 0) text += ` from ${formatIpv4(question.source)}`;
  if (question.tos !== 0) text += ` tos 0x${question.tos.toString(16).padStart(2, "0")}`;
  if (route.gateway !== 0) text += ` via ${formatIpv4(route.gateway)}`;
  text += ` dev ${route.device.name} `;
  if (question.source === 0) text += `src ${formatIpv4(route.source)} `;
  if (question.mark !== 0)
    text += `mark ${question.mark >= 16 ? `0x${question.mark.toString(16)}` : question.mark} `;
  text += `uid 0 \n    cache `;
  const flags = cacheFlags(route);
  if (flags !== "") text += `<${flags}> `;
  if (route.pathMtu !== 0 && route.expiresAt > now) {
    text += `expires ${Math.floor((route.expiresAt - now) / NS_PER_S)}sec `;
    text += `mtu ${route.pathMtu} `;
  }
  return `${text}${metricsText(route.metrics)}\n`;
}

function cacheFlags(route: Route): string {
  if (route.type === AddressType.LOCAL) return "local";
  if (route.type === AddressType.BROADCAST) return "local,brd";
  if (route.type === AddressType.MULTICAST) return "local,mc";
  return "";
}
