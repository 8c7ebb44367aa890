import { expect } from "chai";
import { parseCidr } from "../../../lib/base/inet.ts";
import { keepSpec, knownSpec } from "../../../lib/kube/api/known-templates.ts";
import { ApiServer } from "../../../lib/kube/api/server.ts";
import type { ApiObject, Deployment, NewObject, Pod } from "../../../lib/kube/api/types.ts";
import { podFromTemplate } from "../../../lib/kube/controllers/pods.ts";
import { type Audit, Store } from "../../../lib/kube/store.ts";
import { Random } from "../../../lib/sim/random.ts";
import { Scheduler } from "../../../lib/sim/scheduler.ts";

/** A store whose objects cannot be changed, as nobody may. */
class FrozenStore extends Store {
  override put(object: ApiObject, audit: Audit): ApiObject {
    const stored = super.put(object, audit);
    freeze(stored);
    return stored;
  }
}

function freeze(value: unknown): void {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const part of Object.values(value)) freeze(part);
}

function newServer(...objects: readonly NewObject[]): ApiServer {
  const server = new ApiServer(new Scheduler(), new Random(1), new FrozenStore(), {
    serviceCidr: parseCidr("10.96.0.0/16"),
    epochSeconds: 1_700_000_000,
  });
  for (const object of objects) server.create(object, "tester");
  return server;
}

const IMAGE = { name: "web", image: "nginx" };

function deployment(spec: object): NewObject {
  const labels = { app: "web" };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web", namespace: "default" },
    spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
  };
}

/** The Pod that a server makes of a template, or why it refuses. */
function podOf(server: ApiServer, owner: Deployment, template: Deployment["spec"]["template"]) {
  try {
    return JSON.stringify(server.create(podFromTemplate(owner, template), "tester"));
  } catch (error) {
    return String(error);
  }
}

const LIMITS: NewObject = {
  apiVersion: "v1",
  kind: "LimitRange",
  metadata: { name: "limits", namespace: "default" },
  spec: { limits: [{ type: "Container", default: { cpu: "1" } }] },
};
const PRIORITY: NewObject = {
  apiVersion: "scheduling.k8s.io/v1",
  kind: "PriorityClass",
  metadata: { name: "patient" },
  value: 1,
  globalDefault: true,
  preemptionPolicy: "Never",
};

/** What stands in a template, and what the server has besides. */
const TEMPLATES: readonly (readonly [what: string, spec: object, objects: readonly NewObject[]])[] =
  [
    ["a container", { containers: [IMAGE] }, []],
    [
      "everything that defaults look at",
      {
        initContainers: [{ ...IMAGE, name: "init", restartPolicy: "Always" }],
        containers: [
          {
            ...IMAGE,
            ports: [{ containerPort: 80 }],
            env: [{ name: "IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } }],
            readinessProbe: { httpGet: { port: 80 } },
            volumeMounts: [{ name: "data", mountPath: "/data" }],
          },
        ],
        volumes: [{ name: "data" }],
        tolerations: [{ key: "node.kubernetes.io/not-ready", operator: "Exists" }],
      },
      [],
    ],
    [
      "limits without requests",
      { containers: [{ ...IMAGE, resources: { limits: { cpu: 1 } } }] },
      [],
    ],
    [
      "ports of the node",
      { hostNetwork: true, containers: [{ ...IMAGE, ports: [{ containerPort: 80 }] }] },
      [],
    ],
    [
      "a token mounted already",
      {
        containers: [
          {
            ...IMAGE,
            volumeMounts: [
              { name: "own", mountPath: "/var/run/secrets/kubernetes.io/serviceaccount" },
            ],
          },
        ],
        volumes: [{ name: "own", emptyDir: {} }],
      },
      [],
    ],
    [
      "resources of all containers together",
      {
        resources: { requests: { cpu: "1" } },
        containers: [{ ...IMAGE, resources: { limits: { cpu: 2 } } }],
      },
      [],
    ],
    ["an image with a blank behind it", { containers: [{ name: "web", image: "nginx " }] }, []],
    [
      "more than a LimitRange lets it have",
      { containers: [{ ...IMAGE, resources: { requests: { cpu: "2" } } }] },
      [LIMITS],
    ],
    ["a PriorityClass of all that name none", { containers: [IMAGE] }, [PRIORITY]],
    ["an account that is not there", { serviceAccountName: "who", containers: [IMAGE] }, []],
  ];

describe("kube/api/known-templates", () => {
  for (const [what, spec, objects] of TEMPLATES) {
    it(`makes the Pod of a known template that it makes of any: ${what}`, () => {
      const owner = newServer().create(deployment(spec), "tester") as Deployment;
      const { template } = owner.spec;
      const copy = structuredClone(template);
      expect(knownSpec(template.spec)).to.equal(template.spec);
      expect(knownSpec(copy.spec)).to.equal(null);

      const pod = podOf(newServer(...objects), owner, template);

      expect(pod).to.equal(podOf(newServer(...objects), owner, copy));
    });
  }

  it("refuses a Pod whose template has a volume of the name that its token's gets", () => {
    const owner = newServer().create(deployment({ containers: [IMAGE] }), "tester") as Deployment;
    const pod = JSON.parse(podOf(newServer(), owner, owner.spec.template)) as Pod;

    // The next server draws the same suffix.
    const name = pod.spec.volumes?.at(-1)?.["name"];
    const again = newServer().create(
      deployment({ containers: [IMAGE], volumes: [{ name, emptyDir: {} }] }),
      "tester",
    ) as Deployment;

    expect(podOf(newServer(), again, again.spec.template)).to.include("Duplicate value");
  });

  it("shares the spec of a template that comes again, under a workload of another kind too", () => {
    const sent = deployment({ containers: [IMAGE] });
    const first = newServer().create(sent, "tester") as Deployment;
    const second = newServer().create(sent, "tester") as Deployment;
    const { selector, template } = first.spec;
    const metadata = { name: "web" };
    const set = newServer().create(
      { apiVersion: "apps/v1", kind: "ReplicaSet", metadata, spec: { selector, template } },
      "tester",
    ) as unknown as Deployment;

    expect(second.spec.template.spec).to.equal(first.spec.template.spec);
    expect(set.spec.template.spec).to.equal(first.spec.template.spec);
    expect(second.metadata.uid).to.equal(first.metadata.uid);
  });

  it("does not keep a template that is wrong", () => {
    const sent = deployment({ containers: [{ ...IMAGE, name: "Web" }] });

    for (let times = 0; times < 2; times += 1) {
      expect(() => newServer().create(sent, "tester")).to.throw('Invalid value: "Web"');
    }
  });

  it("does not change what is stored when the next version comes", () => {
    const server = newServer();
    const owner = server.create(deployment({ containers: [IMAGE] }), "tester") as Deployment;
    const spec = { ...owner.spec, replicas: 3 };
    server.create(podFromTemplate(owner, owner.spec.template), "tester");
    const next = server.update({ ...owner, spec }, "tester") as Deployment;

    expect(next.metadata.generation).to.equal(2);
    expect(owner.metadata.generation).to.equal(1);
    expect(next.spec.template).to.equal(owner.spec.template);
  });

  it("knows what was sent by what it has become, and that by itself", () => {
    const [sent, spec] = [{ containers: [] }, { containers: [], restartPolicy: "Always" }];

    keepSpec(sent, spec);

    expect(knownSpec(sent)).to.equal(spec);
    expect(knownSpec(spec)).to.equal(spec);
    expect(knownSpec({ containers: [] })).to.equal(null);
  });
});
