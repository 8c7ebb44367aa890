/**
 * ingress-nginx as its manifests for kind install it.
 *
 * Spec: kubernetes/ingress-nginx deploy/static/provider/kind/deploy.yaml, controller v1.13.
 * Differs: the addresses of Ingresses are those of the controller's Service (--publish-service), as
 * in the manifests for clouds; kind's say localhost, the machine on which the cluster runs.
 * Not modelled: the admission webhook with its Jobs and ServiceAccount; roles.
 */
import type { NewObject } from "../api/types.ts";

const INGRESS_NGINX_IMAGE = "registry.k8s.io/ingress-nginx/controller:v1.13.3";

const NAMESPACE = "ingress-nginx";
const NAME = "ingress-nginx-controller";
const SELECTOR = {
  "app.kubernetes.io/component": "controller",
  "app.kubernetes.io/instance": NAMESPACE,
  "app.kubernetes.io/name": NAMESPACE,
};
const LABELS = {
  ...SELECTOR,
  "app.kubernetes.io/part-of": NAMESPACE,
  "app.kubernetes.io/version": "1.13.3",
};

/** What `kubectl apply` of the manifests makes. */
export function ingressNginxObjects(): NewObject[] {
  return [
    {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: {
        name: NAMESPACE,
        labels: {
          "app.kubernetes.io/instance": NAMESPACE,
          "app.kubernetes.io/name": NAMESPACE,
        },
      },
    },
    {
      apiVersion: "v1",
      kind: "ServiceAccount",
      metadata: { name: NAMESPACE, namespace: NAMESPACE, labels: LABELS },
    },
    {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: NAME, namespace: NAMESPACE, labels: LABELS },
      data: {},
    },
    service(),
    deployment(),
    {
      apiVersion: "networking.k8s.io/v1",
      kind: "IngressClass",
      metadata: { name: "nginx", labels: LABELS },
      spec: { controller: "k8s.io/ingress-nginx" },
    },
  ];
}

function service(): NewObject {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: NAME, namespace: NAMESPACE, labels: LABELS },
    spec: {
      type: "LoadBalancer",
      ipFamilies: ["IPv4"],
      ipFamilyPolicy: "SingleStack",
      ports: [
        { appProtocol: "http", name: "http", port: 80, protocol: "TCP", targetPort: "http" },
        { appProtocol: "https", name: "https", port: 443, protocol: "TCP", targetPort: "https" },
      ],
      selector: SELECTOR,
    },
  };
}

function deployment(): NewObject {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: NAME, namespace: NAMESPACE, labels: LABELS },
    spec: {
      minReadySeconds: 0,
      revisionHistoryLimit: 10,
      selector: { matchLabels: SELECTOR },
      strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 1 } },
      template: {
        metadata: { labels: LABELS },
        spec: {
          containers: [container()],
          dnsPolicy: "ClusterFirst",
          nodeSelector: { "kubernetes.io/os": "linux" },
          serviceAccountName: NAMESPACE,
          terminationGracePeriodSeconds: 0,
          tolerations: [
            { effect: "NoSchedule", key: "node-role.kubernetes.io/master", operator: "Equal" },
            {
              effect: "NoSchedule",
              key: "node-role.kubernetes.io/control-plane",
              operator: "Equal",
            },
          ],
        },
      },
    },
  };
}

function container(): unknown {
  const probe = {
    httpGet: { path: "/healthz", port: 10254, scheme: "HTTP" },
    initialDelaySeconds: 10,
    periodSeconds: 10,
    successThreshold: 1,
    timeoutSeconds: 1,
  };
  return {
    name: "controller",
    image: INGRESS_NGINX_IMAGE,
    imagePullPolicy: "IfNotPresent",
    args: [
      "/nginx-ingress-controller",
      "--election-id=ingress-nginx-leader",
      "--controller-class=k8s.io/ingress-nginx",
      "--ingress-class=nginx",
      "--configmap=$(POD_NAMESPACE)/ingress-nginx-controller",
      "--watch-ingress-without-class=true",
      "--publish-service=$(POD_NAMESPACE)/ingress-nginx-controller",
    ],
    env: [
      { name: "POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
      { name: "POD_NAMESPACE", valueFrom: { fieldRef: { fieldPath: "metadata.namespace" } } },
    ],
    livenessProbe: { ...probe, failureThreshold: 5 },
    readinessProbe: { ...probe, failureThreshold: 3 },
    ports: [
      { containerPort: 80, hostPort: 80, name: "http", protocol: "TCP" },
      { containerPort: 443, hostPort: 443, name: "https", protocol: "TCP" },
    ],
    resources: { requests: { cpu: "100m", memory: "90Mi" } },
  };
}
