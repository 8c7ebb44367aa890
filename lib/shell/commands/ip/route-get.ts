/**
 * `ip route get`: what the host decides about one destination, for a packet of its own or (`iif`)
 * one that came in.
 *
 * Spec: iproute2 6.1, ip/iproute.c (iproute_get).
 * Kernel: net/ipv4/route.c (inet_rtm_getroute, rt_fill_info), 6.18.
 */
import { EINVAL } from "../../../base/errno.ts";
import type { Ipv4 } from "../../../base/inet.ts";
import type { NetDevice } from "../../../link/device.ts";
import { FibResult } from "../../../net/fib-info.ts";
import { Table } from "../../../net/fib-table.ts";
import { Flow } from "../../../net/inet.ts";
import type { Namespace } from "../../../net/namespace.ts";
import { type Route, routeOf } from "../../../net/route.ts";
import { ETHERTYPE_IPV4 } from "../../../wire/protocol-numbers.ts";
import { notModelled, ToolError } from "../../command.ts";
import { jsonText } from "../../json-text.ts";
import type { Words } from "../../words.ts";
import {
  type IpAction,
  type IpContext,
  type IpOptions,
  needDevice,
  readNumber,
  readPrefix,
  refused,
} from "./context.ts";
import { type CachedRoute, cachedRouteJson, cachedRouteText } from "./route-cache.ts";
import { ALL_SHOWN, routeJson, routeText } from "./route-format.ts";

interface Question {
  destination: Ipv4;
  source: Ipv4;
  mark: number;
  tos: number;
  uid: number;
  inputDevice: string;
  outputDevice: string;
  protocol: number;
  sourcePort: number;
  destinationPort: number;
  /** `fibmatch`: the entry of the table is asked for. */
  wantsEntry: boolean;
}

const PROTOCOLS: Readonly<Record<string, number>> = { tcp: 6, udp: 17, icmp: 1 };

/** Reads what stands behind `ip route get`. */
export function readGet(words: Words, options: IpOptions): IpAction {
  const question = readQuestion(words);
  return (context) => {
    if (question.wantsEntry) printEntry(context, question, options);
    else printDecision(context, question, options);
  };
}

function printEntry(context: IpContext, question: Question, options: IpOptions): void {
  const { host, print } = context;
  const result = new FibResult();
  const error = host.namespace.fib.lookup(
    flowOf(question, outputIndexOf(context, question)),
    result,
  );
  if (error !== 0) throw refused(-error);
  const { entry } = result;
  if (entry === null) return;
  if (options.json) print(jsonText([routeJson(entry)], options.pretty));
  else print(routeText(entry, { ...ALL_SHOWN, showTable: false, details: options.details }));
}

function printDecision(context: IpContext, question: Question, options: IpOptions): void {
  const { host, print } = context;
  const { namespace } = host;
  const route =
    question.inputDevice === ""
      ? namespace.routing.output(flowOf(question, outputIndexOf(context, question)))
      : decideInput(namespace, question, needDevice(host, question.inputDevice));
  if (typeof route === "number") throw refused(Math.abs(route));
  const shown: CachedRoute = {
    route,
    destination: question.destination,
    from: question.source,
    mark: question.mark,
    uid: question.inputDevice === "" ? question.uid : -1,
    inputDevice: question.inputDevice,
    // While no rules were changed all is found in one table.
    table: namespace.fib.hasCustomRules ? route.table : Table.MAIN,
    showsSource: question.source === 0,
    now: namespace.cpu.now,
  };
  if (options.json) print(jsonText([cachedRouteJson(shown)], options.pretty));
  else print(cachedRouteText(shown, options));
}

function outputIndexOf({ host }: IpContext, { outputDevice }: Question): number {
  return outputDevice === "" ? 0 : needDevice(host, outputDevice).index;
}

/** Asks as if a packet had come in, of which there is no more than its addresses. */
function decideInput(
  namespace: Namespace,
  { source, destination, mark, tos }: Question,
  device: NetDevice,
): Route | number {
  const frame = namespace.pool.take(0);
  frame.protocol = ETHERTYPE_IPV4;
  frame.mark = mark;
  const reason = namespace.routing.input(frame, destination, source, tos, device);
  const route = routeOf(frame);
  frame.route = null;
  frame.deliver();
  if (reason !== null || route === null) return EINVAL;
  return route.error === 0 ? route : route.error;
}

function flowOf(question: Question, outputIndex: number): Flow {
  const flow = new Flow();
  flow.destination = question.destination;
  flow.source = question.source;
  flow.mark = question.mark;
  flow.tos = question.tos;
  flow.protocol = question.protocol;
  flow.sourcePort = question.sourcePort;
  flow.destinationPort = question.destinationPort;
  flow.outputIndex = outputIndex;
  return flow;
}

function readQuestion(words: Words): Question {
  const question: Question = {
    destination: 0 as Ipv4,
    source: 0 as Ipv4,
    mark: 0,
    tos: 0,
    uid: 0,
    inputDevice: "",
    outputDevice: "",
    protocol: 0,
    sourcePort: 0,
    destinationPort: 0,
    wantsEntry: false,
  };
  let asked = false;
  while (!words.done) {
    if (readSelector(words, question)) continue;
    if (["vrf", "connected", "notify"].includes(words.peek())) {
      const allowed = "from, iif, oif, mark, tos, uid, ipproto, sport, dport, fibmatch";
      throw notModelled("ip route get", words.peek(), allowed);
    }
    words.takes("to");
    question.destination = readPrefix(words.take()).address;
    asked = true;
  }
  if (!asked) throw new ToolError("need at least a destination address", 1);
  return question;
}

function readSelector(words: Words, question: Question): boolean {
  if (words.takes("from")) question.source = readPrefix(words.take()).address;
  else if (words.takes("mark")) question.mark = readNumber(words, 'invalid "mark" value');
  else if (words.takes("tos", "dsfield")) {
    question.tos = readNumber(words, "TOS value is invalid", 255);
  } else if (words.takes("uid")) question.uid = readNumber(words, "invalid UID");
  else if (words.takes("iif")) question.inputDevice = words.take();
  else if (words.takes("dev", "oif")) question.outputDevice = words.take();
  else if (words.takes("fibmatch")) question.wantsEntry = true;
  else if (words.takes("ipproto")) {
    const text = words.take();
    question.protocol = PROTOCOLS[text] ?? Number(text);
  } else if (words.takes("sport")) question.sourcePort = readNumber(words, "invalid sport", 65535);
  else if (words.takes("dport")) {
    question.destinationPort = readNumber(words, "invalid dport", 65535);
  } else return false;
  return true;
}
