/**
 * How endpoints are spread over slices: what fits stays where it is, new ones fill the slice that
 * has room, and slices are neither balanced nor merged.
 *
 * Spec: kubernetes staging endpointslice, reconciler.go (reconcileByPortMapping).
 */
import { canonical } from "../api/names.ts";
import type { Endpoint, EndpointPort, EndpointSlice } from "../api/types.ts";
import { deepEqual } from "../deep-equal.ts";

/** --max-endpoints-per-slice. */
const ENDPOINTS_PER_SLICE = 100;

/** Endpoints with the same ports. */
export interface EndpointGroup {
  readonly ports: readonly EndpointPort[];
  readonly endpoints: readonly Endpoint[];
}

/** What is to be done with a Service's slices. */
export interface SlicePlan {
  readonly create: readonly EndpointGroup[];
  readonly keep: readonly (EndpointGroup & { readonly slice: EndpointSlice })[];
  readonly remove: readonly EndpointSlice[];
}

interface Draft {
  readonly slice: EndpointSlice;
  ports: readonly EndpointPort[];
  endpoints: Endpoint[];
}

/** A slice's endpoints, as records of which as many as may be are those that are wanted. */
type Known = (slice: EndpointSlice) => readonly Endpoint[] | null;

/**
 * The slices that should be, from those that are and the endpoints wanted, by their ports. Of
 * endpoints that are the same objects in `known` nothing has to be compared.
 */
export function planSlices(
  present: readonly EndpointSlice[],
  wanted: ReadonlyMap<string, EndpointGroup>,
  known: Known = ({ endpoints }) => endpoints,
): SlicePlan {
  const create: EndpointGroup[] = [];
  const keep: Draft[] = [];
  const spare: EndpointSlice[] = [];
  const byPorts = new Map<string, EndpointSlice[]>();
  for (const slice of present) {
    const id = canonical(slice.ports ?? []);
    if (wanted.has(id)) byPorts.set(id, [...(byPorts.get(id) ?? []), slice]);
    else spare.push(slice);
  }
  for (const [id, group] of wanted) {
    planGroup(group, byPorts.get(id) ?? [], known, { create, keep, spare });
  }
  return settle(create, keep, spare);
}

function planGroup(
  group: EndpointGroup,
  slices: readonly EndpointSlice[],
  known: Known,
  plan: {
    readonly create: EndpointGroup[];
    readonly keep: Draft[];
    readonly spare: EndpointSlice[];
  },
): void {
  const left = new Map<string, Endpoint>();
  for (const endpoint of group.endpoints) left.set(identity(endpoint), endpoint);
  const drafts = slices.map((slice): Draft => {
    const endpoints: Endpoint[] = [];
    for (const old of known(slice) ?? NONE) {
      const id = identity(old);
      const next = left.get(id);
      if (next === undefined) continue;
      endpoints.push(next);
      left.delete(id);
    }
    return { slice, ports: group.ports, endpoints };
  });
  const added = [...left.values()];
  if (added.length > 0) {
    for (const draft of roomiest(drafts, known)) {
      if (added.length === 0) break;
      const isChanged = draft.endpoints.length !== (draft.slice.endpoints ?? NONE).length;
      const fitsAll = draft.endpoints.length + added.length <= ENDPOINTS_PER_SLICE;
      if (!isChanged && !fitsAll) continue;
      draft.endpoints.push(...added.splice(0, ENDPOINTS_PER_SLICE - draft.endpoints.length));
    }
  }
  while (added.length > 0) {
    plan.create.push({ ports: group.ports, endpoints: added.splice(0, ENDPOINTS_PER_SLICE) });
  }
  for (const draft of drafts) {
    if (draft.endpoints.length > 0) plan.keep.push(draft);
    else plan.spare.push(draft.slice);
  }
}

const NONE: readonly Endpoint[] = [];

/** Slices that change anyway first, then the fullest. */
function roomiest(drafts: readonly Draft[], known: Known): Draft[] {
  const changing = new Set<Draft>();
  for (const draft of drafts) {
    if (!deepEqual(known(draft.slice) ?? NONE, draft.endpoints)) changing.add(draft);
  }
  return [...drafts].sort(
    (a, b) =>
      Number(changing.has(b)) - Number(changing.has(a)) || b.endpoints.length - a.endpoints.length,
  );
}

/** Empty slices take up new ones, the last stays as a placeholder, the others go. */
function settle(create: EndpointGroup[], keep: Draft[], spare: EndpointSlice[]): SlicePlan {
  while (create.length > 0 && spare.length > 0) {
    const slice = spare.shift();
    const group = create.shift();
    if (slice === undefined || group === undefined) break;
    keep.push({ slice, ports: group.ports, endpoints: [...group.endpoints] });
  }
  if (create.length === 0 && keep.length === 0) {
    const placeholder = spare.shift();
    if (placeholder === undefined) create.push({ ports: [], endpoints: [] });
    else keep.push({ slice: placeholder, ports: [], endpoints: [] });
  }
  return { create, keep, remove: spare };
}

/** By what an endpoint is the same one in another state. */
function identity(endpoint: Endpoint): string {
  let id = identities.get(endpoint);
  if (id === undefined) {
    id = `${endpoint.addresses.join(",")} ${endpoint.targetRef?.uid ?? ""}`;
    identities.set(endpoint, id);
  }
  return id;
}

/** Asked for at each change of any endpoint of a Service: a text made each time costs most of it. */
const identities = new WeakMap<Endpoint, string>();
