/**
 * CoreDNS as kubeadm installs it: the kube-dns Service at the tenth address of the Service network,
 * and a Deployment of two Pods.
 *
 * Spec: Kubernetes cmd/kubeadm/app/phases/addons/dns/manifests.go, v1.36.
 * Not modelled: its roles, which nothing here looks at.
 */
import { type Cidr, formatIpv4, ipv4 } from "../../base/inet.ts";
import type { NewObject } from "../api/types.ts";

const COREDNS_IMAGE = "registry.k8s.io/coredns/coredns:v1.14.1";

const LABELS = { "k8s-app": "kube-dns" };
const COREFILE = `.:53 {
    errors
    health {
       lameduck 5s
    }
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {
       pods insecure
       fallthrough in-addr.arpa ip6.arpa
       ttl 30
    }
    prometheus :9153
    forward . /etc/resolv.conf {
       max_concurrent 1000
    }
    cache 30 {
       disable success cluster.local
       disable denial cluster.local
    }
    loop
    reload
    loadbalance
}
`;

/** The address of the kube-dns Service, which kubelets write into resolv.conf. */
export function clusterDnsAddress(serviceSubnet: Cidr): string {
  return formatIpv4(ipv4(serviceSubnet.address + 10));
}

/** What kubeadm applies. */
export function corednsObjects(serviceSubnet: Cidr): NewObject[] {
  return [configMap(), deployment(), serviceAccount(), service(clusterDnsAddress(serviceSubnet))];
}

function configMap(): NewObject {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "coredns", namespace: "kube-system" },
    data: { Corefile: COREFILE },
  };
}

function serviceAccount(): NewObject {
  return {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: { name: "coredns", namespace: "kube-system" },
  };
}

function service(clusterIP: string): NewObject {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: {
      name: "kube-dns",
      namespace: "kube-system",
      labels: {
        ...LABELS,
        "kubernetes.io/cluster-service": "true",
        "kubernetes.io/name": "CoreDNS",
      },
      annotations: { "prometheus.io/port": "9153", "prometheus.io/scrape": "true" },
    },
    spec: {
      clusterIP,
      selector: LABELS,
      ports: [
        { name: "dns", port: 53, protocol: "UDP", targetPort: 53 },
        { name: "dns-tcp", port: 53, protocol: "TCP", targetPort: 53 },
        { name: "metrics", port: 9153, protocol: "TCP", targetPort: 9153 },
      ],
    },
  };
}

function deployment(): NewObject {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "coredns", namespace: "kube-system", labels: LABELS },
    spec: {
      replicas: 2,
      selector: { matchLabels: LABELS },
      strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 1 } },
      template: { metadata: { labels: LABELS }, spec: podSpec() },
    },
  };
}

function podSpec(): unknown {
  return {
    affinity: { podAntiAffinity: PREFER_OTHER_NODES },
    containers: [container()],
    dnsPolicy: "Default",
    nodeSelector: { "kubernetes.io/os": "linux" },
    priorityClassName: "system-cluster-critical",
    serviceAccountName: "coredns",
    tolerations: [
      { key: "CriticalAddonsOnly", operator: "Exists" },
      { key: "node-role.kubernetes.io/control-plane", effect: "NoSchedule" },
    ],
    volumes: [
      {
        name: "config-volume",
        configMap: { name: "coredns", items: [{ key: "Corefile", path: "Corefile" }] },
      },
    ],
  };
}

const PREFER_OTHER_NODES = {
  preferredDuringSchedulingIgnoredDuringExecution: [
    {
      weight: 100,
      podAffinityTerm: {
        labelSelector: {
          matchExpressions: [{ key: "k8s-app", operator: "In", values: ["kube-dns"] }],
        },
        topologyKey: "kubernetes.io/hostname",
      },
    },
  ],
};

function container(): unknown {
  return {
    name: "coredns",
    image: COREDNS_IMAGE,
    imagePullPolicy: "IfNotPresent",
    args: ["-conf", "/etc/coredns/Corefile"],
    resources: { limits: { memory: "170Mi" }, requests: { cpu: "100m", memory: "70Mi" } },
    ports: [
      { containerPort: 53, name: "dns", protocol: "UDP" },
      { containerPort: 53, name: "dns-tcp", protocol: "TCP" },
      { containerPort: 9153, name: "metrics", protocol: "TCP" },
      { containerPort: 8080, name: "liveness-probe", protocol: "TCP" },
      { containerPort: 8181, name: "readiness-probe", protocol: "TCP" },
    ],
    livenessProbe: {
      httpGet: { path: "/health", port: "liveness-probe", scheme: "HTTP" },
      initialDelaySeconds: 60,
      timeoutSeconds: 5,
      successThreshold: 1,
      failureThreshold: 5,
    },
    readinessProbe: { httpGet: { path: "/ready", port: "readiness-probe", scheme: "HTTP" } },
    volumeMounts: [{ name: "config-volume", mountPath: "/etc/coredns", readOnly: true }],
  };
}
