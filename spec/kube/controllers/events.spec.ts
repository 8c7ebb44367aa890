import { expect } from "chai";
import fc from "fast-check";
import { parseCidr } from "../../../lib/base/inet.ts";
import { ApiServer } from "../../../lib/kube/api/server.ts";
import type { ApiObject, NewObject } from "../../../lib/kube/api/types.ts";
import { EventRecorder } from "../../../lib/kube/controllers/events.ts";
import { Store } from "../../../lib/kube/store.ts";
import { Random } from "../../../lib/sim/random.ts";
import { Scheduler } from "../../../lib/sim/scheduler.ts";

function newServer(): ApiServer {
  return new ApiServer(new Scheduler(), new Random(1), new Store(), {
    serviceCidr: parseCidr("10.96.0.0/16"),
    epochSeconds: 1_700_000_000,
  });
}

/** The Events that a recorder has written about a Service. */
function recorded(act: (recorder: EventRecorder, object: ApiObject) => void, host = ""): unknown[] {
  const server = newServer();
  const service = server.find("Service", "default/kubernetes");
  if (service !== null) act(new EventRecorder(server, "tester", host), service);
  return [...server.store.list("Event")];
}

/** What an Event is made of, as whoever creates one says it. */
function withoutStamps(event: ApiObject): NewObject {
  const { name, namespace } = event.metadata;
  return { ...event, metadata: { name, namespace } };
}

describe("kube/controllers/events", () => {
  it("counts what is said again in the same Event", () => {
    const events = recorded((recorder, object) => {
      recorder.event(object, "Normal", "Seen", "hello");
      recorder.event(object, "Normal", "Seen", "hello");
      recorder.event(object, "Warning", "Seen", "hello");
    });

    expect(events).to.have.lengthOf(2);
    expect(events).to.have.nested.property("[0].count", 2);
    expect(events).to.have.nested.property("[1].type", "Warning");
  });

  it("writes what the API server would make of the same Event if somebody created it", () => {
    const text = fc.string({ minLength: 1 });
    fc.assert(
      fc.property(text, text, fc.string(), fc.constantFrom("", "node1"), (...said) => {
        const [reason, message, path, host] = said;
        const [event] = recorded(
          (recorder, object) => recorder.event(object, "Normal", reason, message, path),
          host,
        ) as ApiObject[];
        const server = newServer();
        const created = server.create(withoutStamps(event as ApiObject), "tester");

        expect(JSON.stringify(created)).to.equal(JSON.stringify(event));
      }),
      { numRuns: 50 },
    );
  });

  it("writes none in a namespace that is not there", () => {
    const server = newServer();
    const gone = { kind: "Pod", metadata: { name: "web", namespace: "gone", uid: "1" } };

    expect(() =>
      new EventRecorder(server, "tester").event(gone as ApiObject, "Normal", "Seen", "hello"),
    ).to.throw('namespaces "gone" not found');
  });

  it("leaves Events to a quota that counts them", () => {
    const server = newServer();
    const metadata = { name: "few", namespace: "default" };
    const spec = { hard: { "count/events": "0" } };
    server.create({ apiVersion: "v1", kind: "ResourceQuota", metadata, spec }, "tester");
    const service = server.find("Service", "default/kubernetes") as ApiObject;

    expect(() =>
      new EventRecorder(server, "tester").event(service, "Normal", "Seen", "x"),
    ).to.throw("exceeded quota");
  });
});
