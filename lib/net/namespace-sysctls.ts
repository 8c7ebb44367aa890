/**
 * Which parameters of a namespace have which names, and what a change of one does to others.
 *
 * Kernel: net/ipv4/devinet.c (devinet_sysctl_forward, devinet_copy_dflt_conf), net/core/neighbour.c
 * (neigh_copy_dflt_parms), 6.18.
 */
import type { InetDevice } from "./inet-device.ts";
import type { Namespace } from "./namespace.ts";
import { IPV4_RANGES, NEIGHBOUR_RANGES } from "./sysctl.ts";

/** The `net.ipv4` tree of one namespace. */
export class NamespaceSysctls {
  readonly #namespace: Namespace;

  constructor(namespace: Namespace) {
    this.#namespace = namespace;
    this.#define();
  }

  /** Adds what a device has under `net.ipv4.conf` and `net.ipv4.neigh`. */
  addDevice(owner: InetDevice): void {
    const { name } = owner.device;
    this.#namespace.sysctls.defineFields(`net.ipv4.conf.${name}`, owner.conf, {
      changed: (field) => {
        owner.touched.add(field);
        this.#namespace.epoch.bump();
      },
    });
    this.#namespace.sysctls.defineFields(`net.ipv4.neigh.${name}`, owner.neighbourConf, {
      ranges: NEIGHBOUR_RANGES,
      changed: (field) => {
        owner.touched.add(`neigh.${field}`);
        if (field === "baseReachableTimeMs") this.#namespace.neighbours.drawReachableTime(owner);
      },
    });
  }

  /** Takes them away again. */
  removeDevice(name: string): void {
    this.#namespace.sysctls.removeUnder(`net.ipv4.conf.${name}`);
    this.#namespace.sysctls.removeUnder(`net.ipv4.neigh.${name}`);
  }

  #define(): void {
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
    this.#namespace.sysctls.define("net.ipv4.ip_forward", {
      read: () => String(this.#namespace.confAll.forwarding),
      write: (text) => this.#namespace.sysctls.write("net.ipv4.conf.all.forwarding", text),
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
