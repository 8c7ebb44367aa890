/** A pair of veths, for specs of devices and small worlds. */
import type { DeviceHost, DeviceOptions } from "../../lib/link/device.ts";
import { connectVeth, Veth } from "../../lib/link/veth.ts";

/** Makes a pair: `[one, other]`. */
export function createVethPair(
  oneHost: DeviceHost,
  one: DeviceOptions,
  otherHost: DeviceHost,
  other: DeviceOptions,
): [Veth, Veth] {
  const pair: [Veth, Veth] = [new Veth(oneHost, one), new Veth(otherHost, other)];
  connectVeth(pair[0], pair[1]);
  return pair;
}
