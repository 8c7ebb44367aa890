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

/** The slices that should be, from those that are and the endpoints wanted, by their ports. */
export function planSlices(
  present: readonly EndpointSlice[],
  wanted: ReadonlyMap<string, EndpointGroup>,
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
  for (const [id, group] of wanted) planGroup(group, byPorts.get(id) ?? [], create, keep, spare);
  return settle(create, keep, spare);
}

function planGroup(
  group: EndpointGroup,
  slices: readonly EndpointSlice[],
  create: EndpointGroup[],
  keep: Draft[],
  spare: EndpointSlice[],
): void {
  const left = new Map(group.endpoints.map((endpoint) => [identity(endpoint), endpoint]));
  const drafts = slices.map((slice): Draft => {
    const endpoints: Endpoint[] = [];
    for (const old of slice.endpoints ?? []) {
      const next = left.get(identity(old));
      if (next === undefined) continue;
      endpoints.push(next);
      left.delete(identity(old));
    }
    return { slice, ports: group.ports, endpoints };
  });
  const added = [...left.values()];
  for (const draft of roomiest(drafts)) {
    if (added.length === 0) break;
    const isChanged = draft.endpoints.length !== (draft.slice.endpoints ?? []).length;
    const fitsAll = draft.endpoints.length + added.length <= ENDPOINTS_PER_SLICE;
    if (!isChanged && !fitsAll) continue;
    draft.endpoints.push(...added.splice(0, ENDPOINTS_PER_SLICE - draft.endpoints.length));
  }
  while (added.length > 0) {
    create.push({ ports: group.ports, endpoints: added.splice(0, ENDPOINTS_PER_SLICE) });
  }
  for (const draft of drafts) {
    if (draft.endpoints.length > 0) keep.push(draft);
    else spare.push(draft.slice);
  }
}

/** Slices that change anyway first, then the fullest. */
function roomiest(drafts: readonly Draft[]): Draft[] {
  const changes = (draft: Draft) => !deepEqual(draft.slice.endpoints ?? [], draft.endpoints);
  return [...drafts].sort(
    (a, b) => Number(changes(b)) - Number(changes(a)) || b.endpoints.length - a.endpoints.length,
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

function identity({ addresses, targetRef }: Endpoint): string {
  return `${addresses.join(",")} ${targetRef?.uid ?? ""}`;
}
