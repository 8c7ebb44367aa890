/**
 * What a controller has asked for and not yet seen in its cache: until then it must not count, or
 * it would ask twice.
 *
 * Spec: kubernetes pkg/controller/controller_utils.go (ControllerExpectations).
 */
export class Expectations {
  readonly #creations = new Map<string, number>();
  readonly #deletions = new Map<string, Set<string>>();

  /** Expects `creations` new objects, and the end of those with `deletions` uids. */
  expect(key: string, creations: number, deletions: readonly string[]): void {
    this.#creations.set(key, creations);
    this.#deletions.set(key, new Set(deletions));
  }

  created(key: string): void {
    const left = this.#creations.get(key) ?? 0;
    if (left > 0) this.#creations.set(key, left - 1);
  }

  deleted(key: string, uid: string): void {
    this.#deletions.get(key)?.delete(uid);
  }

  /** Whether all has been seen. */
  satisfied(key: string): boolean {
    return (this.#creations.get(key) ?? 0) === 0 && (this.#deletions.get(key)?.size ?? 0) === 0;
  }

  forget(key: string): void {
    this.#creations.delete(key);
    this.#deletions.delete(key);
  }
}
