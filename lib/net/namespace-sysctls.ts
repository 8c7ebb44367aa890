/**
 * Which parameters of a namespace have which names, and what a change of one does to others.
 *
 * Kernel: net/ipv4/devinet.c (devinet_sysctl_forward, devinet_copy_dflt_conf), net/core/neighbour.c
 * (neigh_copy_dflt_parms), 6.18.
 */
import { EINVAL } from "../base/errno.ts";
import type { InetDevice } from "./inet-device.ts";
import { IPV4_RANGES, NEIGHBOUR_RANGES, type NeighbourConf } from "./ipv4-conf.ts";
import { defineIpv6Switch, defineKeptSysctls } from "./kept-sysctls.ts";
import type { Namespace } from "./namespace.ts";
import { type FieldOptions, parseInteger } from "./sysctl.ts";

/** SKB_TRUESIZE(ETH_FRAME_LEN): memory of a packet of full length. */
const PACKET_TRUESIZE = 2090;
const MAX_QUEUED_PACKETS = Math.floor((2 ** 31 - 1) / PACKET_TRUESIZE);

/** The `net.ipv4` tree of one namespace. */
export class NamespaceSysctls {
  readonly #namespace: Namespace;
  readonly #ofDevice: FieldOptions = { changed: (field, conf) => this.#deviceChanged(field, conf) };
  readonly #ofLink: FieldOptions = {
    ranges: NEIGHBOUR_RANGES,
    changed: (field, conf) => this.#linkChanged(field, conf),
  };
  /** Somebody has looked for a name that is not of a device alone. */
  #isDefined = false;

  constructor(namespace: Namespace) {
    this.#namespace = namespace;
    namespace.sysctls.defineLater(() => this.#define());
  }

  /** Adds what a device has under `net.ipv4.conf` and `net.ipv4.neigh`. */
  addDevice(owner: InetDevice): void {
    const { sysctls } = this.#namespace;
    const { name } = owner.device;
    sysctls.defineFields(`net.ipv4.conf.${name}`, owner.conf, this.#ofDevice);
    sysctls.defineFields(`net.ipv4.neigh.${name}`, owner.neighbourConf, this.#ofLink);
    if (this.#isDefined) this.#defineOthers(owner);
  }

  /** Takes them away again. */
  removeDevice(name: string): void {
    this.#namespace.sysctls.removeUnder(`net.ipv4.conf.${name}`);
    this.#namespace.sysctls.removeUnder(`net.ipv4.neigh.${name}`);
    this.#namespace.sysctls.removeUnder(`net.ipv6.conf.${name}`);
  }

  #define(): void {
    this.#isDefined = true;
    for (const owner of this.#namespace.inetDevices()) this.#defineOthers(owner);
    defineKeptSysctls(this.#namespace.sysctls);
    const changed = (): void => this.#namespace.epoch.bump();
    this.#namespace.sysctls.defineFields("net.ipv4", this.#namespace.conf, {
      ranges: IPV4_RANGES,
      changed,
    });
    this.#namespace.sysctls.defineFields("net.ipv4.route", this.#namespace.routeConf, {
      changed: () => {
        this.#namespace.epoch.minAdvMss = this.#namespace.routeConf.minAdvMss;
        this.#namespace.epoch.bump();
      },
    });
    this.#namespace.sysctls.defineFields("net.ipv4.neigh.default", this.#namespace.neighbourGc);
    this.#defineQueueLength("default", this.#namespace.neighbourDefault);
    this.#namespace.sysctls.defineFields(
      "net.ipv4.neigh.default",
      this.#namespace.neighbourDefault,
      {
        ranges: NEIGHBOUR_RANGES,
        changed: (field) => this.#spreadNeighbourDefault(field),
      },
    );
    this.#namespace.sysctls.defineFields("net.ipv4.conf.all", this.#namespace.confAll, {
      changed: (field) => {
        if (field === "forwarding") this.#setForwarding(this.#namespace.confAll.forwarding);
        this.#namespace.epoch.bump();
      },
    });
    this.#namespace.sysctls.defineFields("net.ipv4.conf.default", this.#namespace.confDefault, {
      changed: (field) => this.#spreadDefault(field),
    });
    this.#namespace.sysctls.define("net.ipv4.route.flush", {
      read: () => "",
      write: () => {
        this.#namespace.epoch.bump();
        return 0;
      },
    });
    this.#namespace.sysctls.define("net.ipv4.ip_forward", {
      read: () => String(this.#namespace.confAll.forwarding),
      write: (text) => this.#namespace.sysctls.write("net.ipv4.conf.all.forwarding", text),
    });
  }

  /** What a device has beside its fields. */
  #defineOthers({ device, neighbourConf }: InetDevice): void {
    defineIpv6Switch(this.#namespace.sysctls, device.name);
    this.#defineQueueLength(device.name, neighbourConf);
  }

  #deviceChanged(field: string, conf: object): void {
    const owner = this.#namespace.inetDevices().find((each) => each.conf === conf);
    owner?.touch(field);
    this.#namespace.epoch.bump();
  }

  #linkChanged(field: string, conf: object): void {
    const owner = this.#namespace.inetDevices().find((each) => each.neighbourConf === conf);
    if (owner === undefined) return;
    owner.touch(`neigh.${field}`);
    if (field === "baseReachableTimeMs") this.#namespace.neighbours.drawReachableTime(owner);
  }

  /** `unres_qlen` is the older name of `unres_qlen_bytes`, in packets (proc_unres_qlen). */
  #defineQueueLength(name: string, conf: NeighbourConf): void {
    const { sysctls } = this.#namespace;
    sysctls.define(`net.ipv4.neigh.${name}.unres_qlen`, {
      read: () => String(Math.floor(conf.unresQlenBytes / PACKET_TRUESIZE)),
      write: (text) => {
        const packets = parseInteger(text);
        if (packets === null || packets < 0 || packets > MAX_QUEUED_PACKETS) return -EINVAL;
        const bytes = String(packets * PACKET_TRUESIZE);
        return sysctls.write(`net.ipv4.neigh.${name}.unres_qlen_bytes`, bytes);
      },
    });
  }

  /** `ip_forward` switches all devices, and what a router believes of redirects. */
  #setForwarding(value: number): void {
    this.#namespace.confAll.acceptRedirects = value === 0 ? 1 : 0;
    this.#namespace.confDefault.forwarding = value;
    for (const owner of this.#namespace.inetDevices()) owner.conf.forwarding = value;
  }

  #spreadDefault(field: string): void {
    for (const owner of this.#namespace.inetDevices()) {
      if (owner.isConfSet || owner.touched.has(field)) continue;
      Reflect.set(owner.conf, field, Reflect.get(this.#namespace.confDefault, field));
    }
    this.#namespace.epoch.bump();
  }

  #spreadNeighbourDefault(field: string): void {
    for (const owner of this.#namespace.inetDevices()) {
      if (owner.isConfSet || owner.touched.has(`neigh.${field}`)) continue;
      Reflect.set(owner.neighbourConf, field, Reflect.get(this.#namespace.neighbourDefault, field));
    }
  }
}
