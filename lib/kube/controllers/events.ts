/**
 * Events: what controllers say about objects, for people to read. Equal ones are counted in one
 * object.
 *
 * Spec: core/v1 Event; client-go tools/record.
 */
import type { ApiServer } from "../api/server.ts";
import type { ApiObject, EventObject, ObjectReference } from "../api/types.ts";
import { objectKey } from "../store.ts";

/** Writes Events in the name of one component. */
export class EventRecorder {
  readonly #server: ApiServer;
  readonly #component: string;
  readonly #host: string;
  readonly #known = new Map<string, string>();
  #count = 0;

  /** `host` is the node that the component works for, if it works for one. */
  constructor(server: ApiServer, component: string, host = "") {
    this.#server = server;
    this.#component = component;
    this.#host = host;
  }

  /** Says `message` about an object, or about a part of it: `spec.containers{web}`. */
  event(
    object: ApiObject,
    type: "Normal" | "Warning",
    reason: string,
    message: string,
    fieldPath = "",
  ): void {
    const { namespace = "default", name, uid } = object.metadata;
    const same = `${object.kind}/${uid}/${fieldPath}/${type}/${reason}/${message}`;
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
    const eventName = this.#freeName(namespace, name);
    this.#known.set(same, objectKey(namespace, eventName));
    const involvedObject: ObjectReference & { apiVersion: string; fieldPath?: string } = {
      apiVersion: object.apiVersion,
      kind: object.kind,
      namespace,
      name,
      uid,
    };
    if (fieldPath !== "") involvedObject.fieldPath = fieldPath;
    const source: { component: string; host?: string } = { component: this.#component };
    if (this.#host !== "") source.host = this.#host;
    this.#server.record(
      {
        apiVersion: "v1",
        kind: "Event",
        metadata: { name: eventName, namespace },
        involvedObject,
        type,
        reason,
        message,
        source,
        count: 1,
        firstTimestamp: time,
        lastTimestamp: time,
      },
      this.#component,
    );
  }

  /** A component that starts again goes on behind the names it gave before. */
  #freeName(namespace: string, name: string): string {
    const source = this.#host === "" ? this.#component : this.#host;
    for (;;) {
      this.#count += 1;
      const eventName = `${name}.${source}.${this.#count}`;
      if (this.#server.find("Event", objectKey(namespace, eventName)) === null) return eventName;
    }
  }
}

function counted(event: EventObject, time: string): ApiObject {
  const next: EventObject = { ...event, count: event.count + 1, lastTimestamp: time };
  return next;
}
