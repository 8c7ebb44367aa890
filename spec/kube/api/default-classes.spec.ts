import { expect } from "chai";
import { SpecCluster } from "../../support/control-plane.ts";

const CLASSES = ["first", "second"]
  .map(
    (name) => `apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata:
  name: ${name}
  annotations: { ingressclass.kubernetes.io/is-default-class: "true" }
spec: { controller: example.com/${name} }
`,
  )
  .join("---\n");

function ingress(name: string, annotations: string): string {
  return `apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: ${name}, annotations: { ${annotations} } }
spec: { defaultBackend: { service: { name: web, port: { number: 80 } } } }
`;
}

describe("kube/api/default-classes", () => {
  it("gives an Ingress without a class the default one, the first by name of those as old", () => {
    const cluster = new SpecCluster();
    cluster.apply(CLASSES);

    cluster.apply(ingress("web", ""));
    cluster.apply(ingress("old", "kubernetes.io/ingress.class: nginx"));

    expect(cluster.run("get ingress").stdout).to.match(/^old +<none> .*\nweb +first /m);
  });

  it("marks classes that are the default in tables", () => {
    const cluster = new SpecCluster();
    cluster.apply(`${CLASSES}---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: { name: fast, annotations: { storageclass.kubernetes.io/is-default-class: "true" } }
provisioner: example.com/fast
`);

    expect(cluster.run("get ingressclasses").stdout).to.contain("\nfirst (default)    example.com");
    expect(cluster.run("get storageclass").stdout).to.contain("\nfast (default)   example.com");
  });

  it("gives a claim without a class that of storage", () => {
    const cluster = new SpecCluster();
    cluster.apply(`apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: { name: fast, annotations: { storageclass.kubernetes.io/is-default-class: "true" } }
provisioner: example.com/fast
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: data }
spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
`);

    expect(cluster.run("get pvc data -o jsonpath={.spec.storageClassName}").stdout).to.equal(
      "fast",
    );
  });
});
