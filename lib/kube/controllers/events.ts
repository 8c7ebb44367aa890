/**
 * Events: what controllers say about objects, for people to read. Equal ones are counted in one
 * object.
 *
 * Spec: core/v1 Event; client-go tools/record.
 */
import type { ApiServer } from "../api/server.ts";
import type { ApiObject, EventObject, Metadata } from "../api/types.ts";
import { objectKey } from "../store.ts";

export class EventRecorder {
  readonly #server: ApiServer;
  readonly #component: string;
  readonly #known = new Map<string, string>();
  #count = 0;

  constructor(server: ApiServer, component: string) {
    this.#server = server;
    this.#component = component;
  }

  /** Says `message` about an object. */
  event(object: ApiObject, type: "Normal" | "Warning", reason: string, message: string): void {
    const { namespace = "default", name, uid } = object.metadata;
    const same = `${object.kind}/${uid}/${type}/${reason}/${message}`;
    const known = this.#known.get(same);
    const time = this.#server.time;
    if (known !== undefined && this.#server.find("Event", known) !== null) {
      this.#server.patch(
        "Event",
        known,
        (current) => counted(current as EventObject, time),
        this.#component,
      );
      return;
    }
    this.#count += 1;
    const eventName = `${name}.${this.#component}.${this.#count}`;
    const metadata: Partial<Metadata> = { name: eventName, namespace };
    this.#known.set(same, objectKey(namespace, eventName));
    this.#server.create(
      {
        apiVersion: "v1",
        kind: "Event",
        metadata,
        involvedObject: { apiVersion: object.apiVersion, kind: object.kind, namespace, name, uid },
        type,
        reason,
        message,
        source: { component: this.#component },
        count: 1,
        firstTimestamp: time,
        lastTimestamp: time,
      },
      this.#component,
    );
  }
}

function counted(event: EventObject, time: string): ApiObject {
  const next: EventObject = { ...event, count: event.count + 1, lastTimestamp: time };
  return next;
}
