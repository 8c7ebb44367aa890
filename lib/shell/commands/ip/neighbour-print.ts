/**
 * Neighbours and proxy entries as `ip neigh` prints them, in lines or as JSON.
 *
 * Spec: ip-neighbour(8) of iproute2 6.1; ipneigh.c (print_neigh).
 */
import { formatIpv4 } from "../../../base/inet.ts";
import { formatMac } from "../../../base/mac.ts";
import { NS_PER_S } from "../../../base/units.ts";
import type { Neighbour } from "../../../net/neighbour.ts";
import { NUD_VALID } from "../../../net/nud.ts";
import type { ProxyNeighbour } from "../../../net/proxy-neighbours.ts";
import { jsonText } from "../../json-text.ts";
import type { IpOptions } from "./context.ts";
import { stateNames } from "./neighbour-states.ts";

interface View {
  /** The device that was asked for: it is not said again. */
  readonly device: string;
  readonly options: IpOptions;
  print(text: string): void;
}

/** Prints proxy entries. */
export function printProxies(entries: readonly ProxyNeighbour[], view: View): void {
  const { json, pretty } = view.options;
  if (json) {
    const objects = entries.map(({ address, device }) => ({
      dst: formatIpv4(address),
      ...(device === null ? {} : { dev: device.name }),
      proxy: null,
    }));
    view.print(jsonText(objects, pretty));
    return;
  }
  for (const { address, device } of entries) {
    const place = device === null || device.name === view.device ? "" : `dev ${device.name} `;
    view.print(`${formatIpv4(address)} ${place}proxy \n`);
  }
}

interface NeighbourView extends View {
  readonly now: number;
}

/** Prints neighbours. */
export function printNeighbours(entries: readonly Neighbour[], view: NeighbourView): void {
  const { json, pretty } = view.options;
  if (json) view.print(jsonText(entries.map(neighbourJson(view)), pretty));
  else for (const neighbour of entries) view.print(neighbourText(neighbour, view));
}

function neighbourText(neighbour: Neighbour, { device, options, now }: NeighbourView): string {
  let text = `${formatIpv4(neighbour.address)} `;
  if (neighbour.device.name !== device) text += `dev ${neighbour.device.name} `;
  if (hasMac(neighbour)) text += `lladdr ${formatMac(neighbour.mac)} `;
  if (options.statistics > 0) {
    const { refcnt, used, confirmed, updated, probes } = statisticsOf(neighbour, now);
    if (refcnt > 0) text += ` ref ${refcnt}`;
    text += ` used ${used}/${confirmed}/${updated}probes ${probes} `;
  }
  return `${text}${stateNames(neighbour.state).join(",")} \n`;
}

function neighbourJson({ device, options, now }: NeighbourView): (one: Neighbour) => object {
  return (neighbour) => {
    const { refcnt, ...times } = statisticsOf(neighbour, now);
    const isSaid = options.statistics > 0;
    return {
      dst: formatIpv4(neighbour.address),
      ...(neighbour.device.name === device ? {} : { dev: neighbour.device.name }),
      ...(hasMac(neighbour) ? { lladdr: formatMac(neighbour.mac) } : {}),
      ...(isSaid && refcnt > 0 ? { refcnt } : {}),
      ...(isSaid ? times : {}),
      state: stateNames(neighbour.state),
    };
  };
}

/** Who else holds the entry (its timer alone), seconds since it was used, and questions asked. */
function statisticsOf(neighbour: Neighbour, now: number) {
  const since = (at: number): number => Math.max(Math.floor((now - at) / NS_PER_S), 0);
  return {
    refcnt: neighbour.isTimed ? 1 : 0,
    used: since(neighbour.usedAt),
    confirmed: since(neighbour.confirmedAt),
    updated: since(neighbour.updatedAt),
    probes: neighbour.probes,
  };
}

function hasMac({ state }: Neighbour): boolean {
  return (state & NUD_VALID) !== 0;
}
