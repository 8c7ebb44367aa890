/**
 * The parts of a rule that need no module: lists of addresses, interfaces, names of chains; read
 * from words, and printed as iptables-save prints them.
 *
 * Kernel: none; iptables 1.8.9, iptables/xshared.c (save_ipv4_addr, xtables_parse_interface).
 */
import type { HeaderMatch, InterfaceTest } from "../rule.ts";
import { refuse } from "./errors.ts";
import { formatMasked, formatProtocol, type MaskedAddress, maskedAddress } from "./values.ts";

/** `a,b,c`: each address becomes a rule of its own, duplicates left out. */
export function splitAddresses(text: string): MaskedAddress[] {
  if (!text.includes(",")) return [maskedAddress(text)];
  return text.split(",").map((part) => maskedAddress(part.trimStart()));
}

/** `eth0`, or `eth+` for all that begin so. */
export function interfaceTest(text: string, inverted: boolean): InterfaceTest {
  if (text.length > 15) refuse(`interface name \`${text}' must be shorter than 16 characters`);
  if (text === "") refuse("Empty interface is likely to be undesired");
  const wildcard = text.endsWith("+");
  return { name: wildcard ? text.slice(0, -1) : text, wildcard, inverted };
}

/** Refuses a name that no chain may have. */
export function checkChainName(name: string): void {
  if (name.startsWith("-") || name.startsWith("!")) {
    refuse("chain name not allowed to start with `-' or `!'");
  }
  if (name.length >= 29) refuse(`chain name \`${name}' too long (must be under 29 chars)`);
  if (hasBlank(name)) refuse(`Invalid chain name \`${name}'`);
}

/** Whether there is a space, a tab or a line end in a name. */
export function hasBlank(name: string): boolean {
  for (let index = 0; index < name.length; index += 1) {
    const code = name.charCodeAt(index);
    if (code === 32 || (code >= 9 && code <= 13)) return true;
  }
  return false;
}

/** ` -s … -d … -i … -o … -p …`, each part with a space before it. */
export function saveHeader(header: HeaderMatch): string {
  let text = "";
  if (header.source !== 0 || header.sourceMask !== 0 || header.sourceInverted) {
    text += `${header.sourceInverted ? " !" : ""} -s ${formatMasked(header.source, header.sourceMask)}`;
  }
  if (header.destination !== 0 || header.destinationMask !== 0 || header.destinationInverted) {
    const inverted = header.destinationInverted ? " !" : "";
    text += `${inverted} -d ${formatMasked(header.destination, header.destinationMask)}`;
  }
  if (header.inInterface !== null) text += saveInterface(header.inInterface, "-i");
  if (header.outInterface !== null) text += saveInterface(header.outInterface, "-o");
  if (header.protocol !== 0) {
    text += `${header.protocolInverted ? " !" : ""} -p ${formatProtocol(header.protocol)}`;
  }
  if (header.fragment) text += `${header.fragmentInverted ? " !" : ""} -f`;
  return text;
}

function saveInterface(test: InterfaceTest, option: string): string {
  // `-i +` is any interface at all and is not kept.
  if (test.name === "" && test.wildcard && !test.inverted) return "";
  return `${test.inverted ? " !" : ""} ${option} ${test.name}${test.wildcard ? "+" : ""}`;
}
