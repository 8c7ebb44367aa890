/**
 * Where the network namespaces of Pods come from. Whoever builds hosts offers it: a lab's machine,
 * which captures their devices as well.
 */
import type { ShellHost } from "../../shell/host.ts";

/** Makes and takes away the network namespaces of Pods. */
export interface PodHosts {
  /**
   * Makes a network namespace whose loopback is up. Its name is free: `web-0` of the namespace
   * default, `dns-1.kube-system` of another one.
   */
  addHost(name: string): ShellHost;

  /** Takes a namespace away that `addHost` made; its devices are gone already. */
  removeHost(host: ShellHost): void;
}
