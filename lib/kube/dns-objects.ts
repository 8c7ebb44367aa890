/**
 * What cluster DNS and the Ingress controller read of the API's objects, and where they get it:
 * records that a store holds fit, and records that a lab gives by hand.
 *
 * Spec: Kubernetes API v1 (Service), discovery.k8s.io/v1 (EndpointSlice).
 */
import { compareNames, SERVICE_NAME_LABEL, type StringMap } from "./objects.ts";

interface NamedMetadata {
  readonly name: string;
  readonly namespace?: string | undefined;
  readonly labels?: StringMap | undefined;
}

/** A Service, as far as names are concerned. */
export interface DnsService {
  readonly metadata: NamedMetadata;
  readonly spec: {
    readonly type?: string | undefined;
    readonly clusterIP?: string | undefined;
    readonly clusterIPs?: readonly string[] | undefined;
    readonly externalName?: string | undefined;
    readonly ports?:
      | readonly {
          readonly name?: string | undefined;
          readonly protocol?: string | undefined;
          readonly port: number;
          readonly targetPort?: number | string | undefined;
        }[]
      | undefined;
  };
}

/** An EndpointSlice, as far as names are concerned. */
export interface DnsEndpointSlice {
  readonly metadata: NamedMetadata;
  readonly addressType: string;
  readonly ports?:
    | readonly {
        readonly name?: string | undefined;
        readonly protocol?: string | undefined;
        readonly port?: number | undefined;
      }[]
    | null
    | undefined;
  readonly endpoints?:
    | readonly {
        readonly addresses: readonly string[];
        readonly hostname?: string | undefined;
        readonly conditions?: { readonly ready?: boolean | undefined } | undefined;
      }[]
    | null
    | undefined;
}

/** The objects of the moment. */
export interface DnsObjects {
  hasNamespace(name: string): boolean;
  service(namespace: string, name: string): DnsService | null;
  /** All Services, in the order of namespace and name. */
  services(): readonly DnsService[];
  /** The slices of one Service. */
  endpointSlices(namespace: string, service: string): readonly DnsEndpointSlice[];
  allEndpointSlices(): readonly DnsEndpointSlice[];
}

/** Objects out of lists, which are read again at each question: an informer's caches will do. */
export class ListedObjects implements DnsObjects {
  readonly #namespaces: () => Iterable<string>;
  readonly #services: () => Iterable<DnsService>;
  readonly #slices: () => Iterable<DnsEndpointSlice>;

  constructor(lists: {
    /** Names of namespaces. */
    readonly namespaces: () => Iterable<string>;
    readonly services: () => Iterable<DnsService>;
    readonly endpointSlices: () => Iterable<DnsEndpointSlice>;
  }) {
    this.#namespaces = lists.namespaces;
    this.#services = lists.services;
    this.#slices = lists.endpointSlices;
  }

  hasNamespace(name: string): boolean {
    for (const known of this.#namespaces()) if (known === name) return true;
    return false;
  }

  service(namespace: string, name: string): DnsService | null {
    for (const service of this.#services()) {
      if (service.metadata.name === name && namespaceOf(service) === namespace) return service;
    }
    return null;
  }

  services(): readonly DnsService[] {
    return inOrder(this.#services());
  }

  endpointSlices(namespace: string, service: string): readonly DnsEndpointSlice[] {
    return this.allEndpointSlices().filter(
      (slice) =>
        namespaceOf(slice) === namespace && slice.metadata.labels?.[SERVICE_NAME_LABEL] === service,
    );
  }

  allEndpointSlices(): readonly DnsEndpointSlice[] {
    return inOrder(this.#slices());
  }
}

function namespaceOf({ metadata }: { readonly metadata: NamedMetadata }): string {
  return metadata.namespace ?? "default";
}

function inOrder<T extends { readonly metadata: NamedMetadata }>(objects: Iterable<T>): T[] {
  const key = (object: T): string => `${namespaceOf(object)}/${object.metadata.name}`;
  return [...objects].sort((a, b) => compareNames(key(a), key(b)));
}
