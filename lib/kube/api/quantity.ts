/**
 * Quantities of resources: `100m`, `1Gi`, `2e3`.
 *
 * Spec: Kubernetes API, resource.Quantity.
 */

const FORM = /^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$/;

const SUFFIXES: ReadonlyMap<string, number> = new Map([
  ["n", 1e-9],
  ["u", 1e-6],
  ["m", 1e-3],
  ["", 1],
  ["k", 1e3],
  ["M", 1e6],
  ["G", 1e9],
  ["T", 1e12],
  ["P", 1e15],
  ["E", 1e18],
  ["Ki", 2 ** 10],
  ["Mi", 2 ** 20],
  ["Gi", 2 ** 30],
  ["Ti", 2 ** 40],
  ["Pi", 2 ** 50],
  ["Ei", 2 ** 60],
]);

/** What is wrong with the text of a quantity, in the API's words, or null. */
export function quantityProblem(text: string): string | null {
  const form = FORM.exec(text);
  if (form === null) {
    return `quantities must match the regular expression '${FORM.source}'`;
  }
  return Number.isNaN(parseQuantity(text)) ? "unable to parse quantity's suffix" : null;
}

/** The number that a quantity says; NaN if it says none. */
export function parseQuantity(text: string): number {
  const form = FORM.exec(text);
  if (form === null) return Number.NaN;
  const [, digits = "", suffix = ""] = form;
  const exponent = /^[eE]([-+]?\d+)$/.exec(suffix);
  if (exponent !== null) return Number(digits) * 10 ** Number(exponent[1]);
  return Number(digits) * (SUFFIXES.get(suffix) ?? Number.NaN);
}
