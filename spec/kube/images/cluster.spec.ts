import { expect } from "chai";
import { parseCorefile } from "../../../lib/kube/images/coredns.ts";
import { Store } from "../../../lib/kube/store.ts";
import { pair } from "../../shell/world.ts";
import { Running } from "./world.ts";

const AUDIT = { user: "spec", verb: "create" };

/** A store with a Service `web` of 10.96.0.7, one ready endpoint and an Ingress for it. */
function storeWithWeb(): Store {
  const store = new Store();
  const metadata = (name: string, namespace = "default") => ({ name, namespace, uid: name });
  const objects = [
    { kind: "Namespace", apiVersion: "v1", metadata: { name: "default", uid: "n" } },
    {
      kind: "Service",
      apiVersion: "v1",
      metadata: metadata("web"),
      spec: { clusterIP: "10.96.0.7", clusterIPs: ["10.96.0.7"], ports: [{ port: 80 }] },
    },
    {
      kind: "EndpointSlice",
      apiVersion: "discovery.k8s.io/v1",
      metadata: { ...metadata("web-1"), labels: { "kubernetes.io/service-name": "web" } },
      addressType: "IPv4",
      ports: [{ port: 8080, protocol: "TCP" }],
      endpoints: [{ addresses: ["10.0.0.1"], conditions: { ready: true } }],
    },
    {
      kind: "IngressClass",
      apiVersion: "networking.k8s.io/v1",
      metadata: { name: "nginx", uid: "c" },
      spec: { controller: "k8s.io/ingress-nginx" },
    },
    {
      kind: "Ingress",
      apiVersion: "networking.k8s.io/v1",
      metadata: metadata("web"),
      spec: {
        ingressClassName: "nginx",
        rules: [
          {
            host: "shop.test",
            http: {
              paths: [
                {
                  path: "/",
                  pathType: "Prefix",
                  backend: { service: { name: "web", port: { number: 80 } } },
                },
              ],
            },
          },
        ],
      },
    },
  ];
  for (const object of objects) store.put(object as never, AUDIT);
  return store;
}

describe("kube/images/coredns", () => {
  it("answers by the objects of the API, and goes on while lame", () => {
    const dns = new Running(
      pair(),
      { image: "registry.k8s.io/coredns/coredns:v1.11.3" },
      storeWithWeb(),
    );
    dns.world
      .host("a")
      .files.write("/etc/resolv.conf", new TextEncoder().encode("nameserver 10.0.0.2\n"));

    expect(dns.ask("getent hosts web.default.svc.cluster.local")).to.equal(
      "10.96.0.7       web.default.svc.cluster.local\n",
    );
    expect(dns.ask("curl -s http://10.0.0.2:8080/health")).to.equal("OK");
    dns.terminate();
    dns.pass(4);
    expect(dns.status).to.equal(null);
    dns.pass(2);
    expect(dns.status).to.equal(0);
  });

  it("reads a Corefile", () => {
    const text =
      ".:5353 {\n errors\n health {\n lameduck 5s\n }\n kubernetes corp.test in-addr.arpa {\n" +
      " pods insecure\n ttl 30\n }\n forward . 1.1.1.1 8.8.8.8 {\n max_concurrent 1000\n }\n}\n";

    expect(parseCorefile(text)).to.deep.equal({
      port: 5353,
      dns: { zone: "corp.test", ttl: 30, pods: "insecure", serial: 0 },
      forward: ["1.1.1.1", "8.8.8.8"],
      shuffles: false,
      lameduckNs: 5_000_000_000,
    });
  });
});

describe("kube/images/ingress-nginx", () => {
  it("passes requests on by the Ingress objects of the moment", () => {
    const store = storeWithWeb();
    const proxy = new Running(
      pair(),
      {
        image: "registry.k8s.io/ingress-nginx/controller:v1.11.2",
        args: ["/nginx-ingress-controller"],
      },
      store,
    );
    proxy.world.start("a", "http-server --port 8080 --body 'from web\n'");
    const ask = () => proxy.ask("curl -s -H 'Host: shop.test' http://10.0.0.2/");

    expect(ask()).to.equal("from web\n");
    expect(proxy.ask("curl -s -o /dev/null -w '%{http_code}' http://10.0.0.2/")).to.equal("404");
    expect(proxy.ask("curl -s http://10.0.0.2:10254/healthz")).to.equal("ok");
    store.remove(store.get("Ingress", "default/web") as never, AUDIT);
    expect(ask()).to.contain("404 Not Found");
  });
});
