/**
 * The parts of a rule that need no module: lists of addresses, interfaces, names of chains; read
 * from words, and printed as iptables-save prints them.
 *
 * Kernel: none; iptables 1.8.9, iptables/xshared.c (save_ipv4_addr, xtables_parse_interface).
 */
import type { ModuleTable } from "../modules.ts";
import type { HeaderMatch, InterfaceTest } from "../rule.ts";
import { refuse } from "./errors.ts";
import { formatMasked, formatProtocol, type MaskedAddress, maskedAddress } from "./values.ts";

/** `a,b,c`: each address becomes a rule of its own, duplicates left out. */
export function splitAddresses(text: string): MaskedAddress[] {
  if (!text.includes(",")) return [maskedAddress(text)];
  return text.split(",").map((part) => maskedAddress(part.trimStart()));
}

/** Refuses the name of no interface. */
export function checkInterface(text: string): void {
  if (text === "") refuse("Empty interface is likely to be undesired");
}

/** `eth0`, or `eth+` for all that begin so. */
export function interfaceTest(text: string, inverted: boolean): InterfaceTest {
  if (text.length > 15) {
    refuse(`interface name \`${text}' must be shorter than IFNAMSIZ (15)`);
  }
  const wildcard = text.endsWith("+");
  return { name: wildcard ? text.slice(0, -1) : text, wildcard, inverted };
}

/** Refuses a name that no new chain may have. */
export function checkNewChain(name: string, modules: ModuleTable): void {
  checkNameLength(name);
  if (name.startsWith("-") || name.startsWith("!")) {
    refuse(`chain name not allowed to start with \`${name.charAt(0)}'`);
  }
  if (name === "" || modules.isTarget(name)) refuse("chain name may not clash with target name");
  if (hasBlank(name)) refuse(`Invalid chain name \`${name}'`);
}

/** Refuses a name that is too long for a chain. */
export function checkNameLength(name: string): void {
  if (name.length >= 29) refuse(`chain name \`${name}' too long (must be under 29 chars)`);
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
