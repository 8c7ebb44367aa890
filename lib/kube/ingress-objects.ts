/**
 * Ingresses and IngressClasses as the API has them, and which of them a controller takes care of.
 *
 * Spec: networking.k8s.io/v1; ingress-nginx 1.11, internal/ingress/controller (ingress class rules).
 */
import { DEFAULT_INGRESS_CLASS } from "./api/default-classes.ts";
import type { StringMap } from "./objects.ts";

/** The annotation that named the class before `spec.ingressClassName`. */
export const CLASS_ANNOTATION = "kubernetes.io/ingress.class";

/** A Service and one of its ports, by number or by name. */
export interface IngressBackend {
  readonly service?:
    | {
        readonly name: string;
        readonly port?:
          | { readonly number?: number | undefined; readonly name?: string | undefined }
          | undefined;
      }
    | undefined;
}

/** A path of a rule and its backend. */
export interface IngressPath {
  readonly path?: string | undefined;
  readonly pathType: string;
  readonly backend: IngressBackend;
}

/** networking.k8s.io/v1 Ingress. */
export interface Ingress {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string | undefined;
    readonly creationTimestamp?: string | undefined;
    readonly annotations?: StringMap | undefined;
  };
  readonly spec: {
    readonly ingressClassName?: string | undefined;
    readonly defaultBackend?: IngressBackend | undefined;
    readonly tls?: readonly { readonly hosts?: readonly string[] | undefined }[] | undefined;
    readonly rules?:
      | readonly {
          readonly host?: string | undefined;
          readonly http?: { readonly paths: readonly IngressPath[] } | undefined;
        }[]
      | undefined;
  };
}

/** networking.k8s.io/v1 IngressClass. */
export interface IngressClass {
  readonly metadata: { readonly name: string; readonly annotations?: StringMap | undefined };
  readonly spec?: { readonly controller?: string | undefined } | undefined;
}

/** ingress-nginx's `spec.controller`. */
export const NGINX_CONTROLLER = "k8s.io/ingress-nginx";

/** Which Ingresses a controller takes. */
export interface IngressChoice {
  /** As IngressClasses name it in `spec.controller`. */
  readonly controller: string;
  /** Those without a class too, whatever the default class is. */
  readonly takesClassless: boolean;
  /** A class that it takes without an object for it; "" for none. */
  readonly className: string;
}

/**
 * The Ingresses that a controller takes care of: by class, or without one if its class is the
 * default or it takes them anyway.
 */
export function ingressesOf(
  { controller, takesClassless, className }: IngressChoice,
  ingresses: readonly Ingress[],
  classes: readonly IngressClass[],
): Ingress[] {
  const own = classes.filter(({ spec }) => spec?.controller === controller);
  const names = new Set(own.map(({ metadata }) => metadata.name));
  if (className !== "") names.add(className);
  const takesOthers = own.some(
    ({ metadata }) => metadata.annotations?.[DEFAULT_INGRESS_CLASS] === "true",
  );
  return ingresses.filter(({ metadata, spec }) => {
    const name = metadata.annotations?.[CLASS_ANNOTATION] ?? spec.ingressClassName;
    return name === undefined ? takesClassless || takesOthers : names.has(name);
  });
}
