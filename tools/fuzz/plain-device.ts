/**
 * A device that has a name and an index, for hosts that are not connected to anything.
 */
import { macFromName } from "../../lib/base/mac.ts";
import { type DeviceHost, NetDevice } from "../../lib/link/device.ts";
import type { Frame } from "../../lib/wire/frame.ts";

/** Nothing that is sent arrives. */
export class PlainDevice extends NetDevice {
  override readonly kind = "";

  constructor(host: DeviceHost, name: string, index: number) {
    super(host, { name, mac: macFromName(name) });
    this.index = index;
  }

  protected override hardStartXmit(frame: Frame): void {
    frame.deliver();
  }
}
