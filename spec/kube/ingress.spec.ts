import { expect } from "chai";
import { ListedObjects } from "../../lib/kube/dns-objects.ts";
import { IngressRoutes } from "../../lib/kube/ingress.ts";
import { canaryRule, takesRequest } from "../../lib/kube/ingress-annotations.ts";
import { backendRoute } from "../../lib/kube/ingress-backend.ts";
import {
  type Ingress,
  type IngressBackend,
  ingressesOf,
  NGINX_CONTROLLER,
} from "../../lib/kube/ingress-objects.ts";

function backend(name: string, number = 80) {
  return { service: { name, port: { number } } };
}

function ingress(name: string, spec: Ingress["spec"], created = "2026-01-01T00:00:00Z"): Ingress {
  return { metadata: { name, namespace: "shop", creationTimestamp: created }, spec };
}

const ROUTES = new IngressRoutes([
  ingress("paths", {
    rules: [
      {
        host: "shop.test",
        http: {
          paths: [
            { path: "/", pathType: "Prefix", backend: backend("front") },
            { path: "/api", pathType: "Prefix", backend: backend("api") },
            { path: "/api/v2/", pathType: "Prefix", backend: backend("api-2") },
            { path: "/health", pathType: "Exact", backend: backend("health") },
            { path: "/plain", pathType: "ImplementationSpecific", backend: backend("plain") },
          ],
        },
      },
      {
        host: "*.wild.test",
        http: { paths: [{ path: "/only", pathType: "Prefix", backend: backend("wild") }] },
      },
      {
        host: "one.wild.test",
        http: { paths: [{ path: "/", pathType: "Exact", backend: backend("one") }] },
      },
    ],
  }),
]);

function to(host: string, path: string, routes = ROUTES): string | null {
  return routes.find(host, path)?.backend.service?.name ?? null;
}

describe("kube/ingress", () => {
  it("sends who comes without TLS to a host that has some, unless it is told not to", () => {
    const ingressWith = (annotations: Readonly<Record<string, string>>, host: string) => {
      const rules = [
        { host, http: { paths: [{ path: "/", pathType: "Prefix", backend: backend("web") }] } },
      ];
      const plain = ingress(host, { rules, tls: [{ hosts: ["tls.test", "off.test"] }] });
      return { ...plain, metadata: { ...plain.metadata, annotations } };
    };
    const routes = new IngressRoutes([
      ingressWith({}, "tls.test"),
      ingressWith({}, "plain.test"),
      ingressWith({ "nginx.ingress.kubernetes.io/ssl-redirect": "false" }, "off.test"),
      ingressWith({ "nginx.ingress.kubernetes.io/force-ssl-redirect": "true" }, "force.test"),
    ]);
    const toTls = (host: string) => routes.find(host, "/")?.toTls;

    const found = ["tls.test", "plain.test", "off.test", "force.test"].map(toTls);

    expect(found).to.deep.equal([true, false, false, true]);
  });

  it("takes the longest path that is a prefix by elements", () => {
    expect(to("shop.test", "/")).to.equal("front");
    expect(to("Shop.Test", "/api")).to.equal("api");
    expect(to("shop.test", "/api/")).to.equal("api");
    expect(to("shop.test", "/apis")).to.equal("front");
    expect(to("shop.test", "/api/v2")).to.equal("api-2");
    expect(to("shop.test", "/api/v2/items")).to.equal("api-2");
    expect(to("shop.test", "/plain/x")).to.equal("plain");
  });

  it("takes an exact path before every prefix, and no other path for it", () => {
    expect(to("shop.test", "/health")).to.equal("health");
    expect(to("shop.test", "/health/")).to.equal("front");
  });

  it("takes a path of no type as the beginning of a string", () => {
    expect(to("shop.test", "/plainly")).to.equal("plain");
  });

  it("rewrites a path by the groups of its regular expression", () => {
    const rewriting = (target: string, path: string): Ingress => {
      const made = ingress("rewriting", {
        rules: [
          {
            host: "a.test",
            http: { paths: [{ path, pathType: "ImplementationSpecific", backend: backend("x") }] },
          },
        ],
      });
      const annotations = { "nginx.ingress.kubernetes.io/rewrite-target": target };
      return { ...made, metadata: { ...made.metadata, annotations } };
    };
    const path = (target: string, from: string, asked: string) =>
      new IngressRoutes([rewriting(target, from)]).find("a.test", asked)?.path;

    expect(path("/$2", "/app(/|$)(.*)", "/app/one/two")).to.equal("/one/two");
    expect(path("/$2", "/app(/|$)(.*)", "/APP")).to.equal("/");
    expect(path("/$2", "/app(/|$)(.*)", "/apple")).to.equal(undefined);
    expect(path("/", "/app", "/app/one")).to.equal("/");
    expect(path("/app", "/app", "/app/one")).to.equal(null);
  });

  it("takes all paths of a host for regular expressions when one Ingress wants them, the longest first", () => {
    const paths = (...list: string[]): Ingress["spec"] => ({
      rules: [
        {
          host: "test.com",
          http: {
            paths: list.map((path) => ({ path, pathType: "Prefix", backend: backend(path) })),
          },
        },
      ],
    });
    const plain = ingress("plain", paths("/foo/bar", "/foo/bar/"));
    const regex = ingress("regex", paths("/foo/bar/[A-Z0-9]{3}"));
    const annotations = { "nginx.ingress.kubernetes.io/use-regex": "true" };
    const marked = { ...regex, metadata: { ...regex.metadata, annotations } };
    const routes = new IngressRoutes([plain, marked]);

    expect(to("test.com", "/foo/bar/bar", routes)).to.equal("/foo/bar/[A-Z0-9]{3}");
    expect(to("test.com", "/foo/bar/", routes)).to.equal("/foo/bar/");
    expect(to("test.com", "/foo/barn", routes)).to.equal("/foo/bar");
    expect(to("test.com", "/foo/barn", new IngressRoutes([plain]))).to.equal(null);
  });

  it("takes the host before the wildcard, which stands for one label", () => {
    expect(to("any.wild.test", "/only")).to.equal("wild");
    expect(to("one.wild.test", "/")).to.equal("one");
    expect(to("one.wild.test", "/only")).to.equal(null);
    expect(to("a.b.wild.test", "/only")).to.equal(null);
    expect(to("wild.test", "/only")).to.equal(null);
  });

  it("sends what no rule names to the default backend, if there is one", () => {
    expect(to("nobody.test", "/")).to.equal(null);
    const routes = new IngressRoutes([
      ingress("all", { defaultBackend: backend("rest") }),
      ingress("some", {
        rules: [
          {
            host: "a.test",
            http: { paths: [{ pathType: "Prefix", path: "/x", backend: backend("x") }] },
          },
        ],
        defaultBackend: backend("own"),
      }),
    ]);
    expect(to("nobody.test", "/", routes)).to.equal("rest");
    expect(to("a.test", "/x", routes)).to.equal("x");
    expect(to("a.test", "/y", routes)).to.equal("own");
  });

  it("leaves a path to the older of two Ingresses", () => {
    const rule = (name: string): Ingress["spec"] => ({
      rules: [{ http: { paths: [{ path: "/", pathType: "Prefix", backend: backend(name) }] } }],
    });
    const routes = new IngressRoutes([
      ingress("a", rule("young"), "2026-01-02T00:00:00Z"),
      ingress("b", rule("old"), "2026-01-01T00:00:00Z"),
    ]);
    expect(to("", "/", routes)).to.equal("old");
  });

  it("takes care of the Ingresses of its classes", () => {
    const classes = [
      { metadata: { name: "nginx" }, spec: { controller: NGINX_CONTROLLER } },
      { metadata: { name: "other" }, spec: { controller: "example.com/other" } },
    ];
    const list = [
      ingress("mine", { ingressClassName: "nginx" }),
      ingress("theirs", { ingressClassName: "other" }),
      ingress("nobody", {}),
    ];
    const names = (found: Ingress[]) => found.map(({ metadata }) => metadata.name);
    const choice = { controller: NGINX_CONTROLLER, takesClassless: false, className: "" };
    expect(names(ingressesOf(choice, list, classes))).to.deep.equal(["mine"]);
    const annotations = { "ingressclass.kubernetes.io/is-default-class": "true" };
    const byDefault = [{ ...classes[0]!, metadata: { name: "nginx", annotations } }];
    expect(names(ingressesOf(choice, list, byDefault))).to.deep.equal(["mine", "nobody"]);
    const classless = ingressesOf({ ...choice, takesClassless: true }, list, classes);
    expect(names(classless)).to.deep.equal(["mine", "nobody"]);
  });

  it("finds the endpoints of a Service's port by number or name", () => {
    const objects = new ListedObjects({
      namespaces: () => ["shop"],
      services: () => [
        {
          metadata: { namespace: "shop", name: "api" },
          spec: {
            ports: [
              { name: "http", port: 80 },
              { name: "admin", port: 81 },
            ],
          },
        },
      ],
      endpointSlices: () => [
        {
          metadata: {
            namespace: "shop",
            name: "api-1",
            labels: { "kubernetes.io/service-name": "api" },
          },
          addressType: "IPv4",
          ports: [
            { name: "http", port: 8080 },
            { name: "admin", port: 9090 },
          ],
          endpoints: [
            { addresses: ["10.244.0.5"] },
            { addresses: ["10.244.0.6"], conditions: { ready: false } },
          ],
        },
      ],
    });
    const to = (wanted: IngressBackend) => ({ namespace: "shop", backend: wanted, path: null });
    const ports = (wanted: { number?: number; name?: string }) =>
      backendRoute(objects, to({ service: { name: "api", port: wanted } })).endpoints;

    expect(ports({ number: 80 })).to.deep.equal([{ address: 0x0af40005, port: 8080 }]);
    expect(ports({ name: "admin" })).to.deep.equal([{ address: 0x0af40005, port: 9090 }]);
    expect(ports({ number: 443 })).to.deep.equal([]);
    expect(backendRoute(objects, to(backend("gone"))).endpoints).to.deep.equal([]);
  });

  it("gives a canary what its header, cookie or weight says, in this order", () => {
    const rule = canaryRule({
      "nginx.ingress.kubernetes.io/canary": "true",
      "nginx.ingress.kubernetes.io/canary-by-header": "X-Canary",
      "nginx.ingress.kubernetes.io/canary-by-cookie": "kept",
      "nginx.ingress.kubernetes.io/canary-weight": "25",
    });
    if (rule === null) throw new Error("no rule");
    const takes = (header: string | null, cookie: string | null, drawn: number): boolean =>
      takesRequest(rule, {
        header: (name) => (name === "X-Canary" ? header : name === "Cookie" ? cookie : null),
        draw: () => drawn,
      });

    expect(takes("always", "kept=never", 100)).to.equal(true);
    expect(takes("never", "kept=always", 1)).to.equal(false);
    expect(takes("other", "a=b; kept=always", 100)).to.equal(true);
    expect(takes(null, null, 25)).to.equal(true);
    expect(takes(null, null, 26)).to.equal(false);
    expect(canaryRule({})).to.equal(null);
  });

  it("lets a canary share the path of another Ingress, and sends / to the app's root", () => {
    const marked = (name: string, annotations: Record<string, string>): Ingress => {
      const plain = ingress(name, {
        rules: [
          {
            host: "c.test",
            http: { paths: [{ pathType: "Prefix", path: "/", backend: backend(name) }] },
          },
        ],
      });
      return { ...plain, metadata: { ...plain.metadata, annotations } };
    };
    const prefix = "nginx.ingress.kubernetes.io";
    const routes = new IngressRoutes([
      marked("canary", { [`${prefix}/canary`]: "true", [`${prefix}/canary-weight`]: "10" }),
      marked("main", {
        [`${prefix}/app-root`]: "/app",
        [`${prefix}/allowlist-source-range`]: "10.0.0.0/8",
      }),
    ]);

    const found = routes.find("c.test", "/");

    expect(found?.backend.service?.name).to.equal("main");
    expect(found?.canaries.map(({ backend: { service } }) => service?.name)).to.deep.equal([
      "canary",
    ]);
    expect(found?.redirect).to.deep.equal({ status: 302, location: "http://c.test/app" });
    expect(found?.allowed).to.have.length(1);
    expect(routes.find("c.test", "/x")?.redirect).to.equal(null);
  });
});
