/**
 * The IP sets that rules of the router ask, on the kernel and here.
 */
import { emptyElement, type SetElement, type SetType } from "../../lib/netfilter/ipset/element.ts";
import { IpSets } from "../../lib/netfilter/ipset/sets.ts";
import { formatElement } from "../../lib/shell/set-element.ts";

interface SetModel {
  readonly name: string;
  readonly type: SetType;
  readonly elements: readonly Partial<SetElement>[];
}

const A2 = 0x0a010002;
const B2 = 0x0a020002;
const SETS: readonly SetModel[] = [
  { name: "fz-ip", type: "hash:ip", elements: [{ address: A2 }, { address: 0x0a600001 }] },
  {
    name: "fz-ipport",
    type: "hash:ip,port",
    elements: [
      { address: B2, protocol: 6, port: 80 },
      { address: A2, protocol: 17, port: 53 },
    ],
  },
  {
    name: "fz-net",
    type: "hash:net",
    elements: [
      { address: 0x0a020000, prefix: 24 },
      { address: B2, prefix: 32, nomatch: true },
    ],
  },
];

/** Text for `ipset restore` that leaves the sets as they are described, whatever was there. */
export function setsText(): string {
  const sets = new IpSets({ now: 0 });
  makeSets(sets);
  const made = sets
    .list()
    .flatMap(({ name, type }) => [`create -exist ${name} ${type}`, `flush ${name}`]);
  return [...made, ...savedSets(sets)].join("\n");
}

/** Makes the sets here. */
export function makeSets(sets: IpSets): void {
  for (const { name, type, elements } of SETS) {
    const set = sets.create(name, type);
    for (const element of elements) set?.add({ ...emptyElement(), ...element });
  }
}

/** The members of all sets here, as `ipset save` lists them, sorted. */
export function savedSets(sets: IpSets): string[] {
  return sets
    .list()
    .flatMap((set) =>
      set.elements().map((one) => {
        const nomatch = one.nomatch ? " nomatch" : "";
        return `add ${set.name} ${formatElement(set, one)}${nomatch}`;
      }),
    )
    .sort();
}
