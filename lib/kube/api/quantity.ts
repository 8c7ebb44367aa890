/**
 * Quantities of resources: `100m`, `1Gi`, `2e3`; as text, as numbers, and in the one form in which
 * the API shows each.
 *
 * Spec: Kubernetes API, resource.Quantity.
 */

const FORM = /^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$/;
const EXPONENT = /^[eE]([-+]?\d+)$/;

/** Powers of ten. */
const DECIMAL: ReadonlyMap<string, number> = new Map([
  ["n", -9],
  ["u", -6],
  ["m", -3],
  ["", 0],
  ["k", 3],
  ["M", 6],
  ["G", 9],
  ["T", 12],
  ["P", 15],
  ["E", 18],
]);

/** Powers of 1024. */
const BINARY: readonly string[] = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

/** What is wrong with the text of a quantity, in the API's words, or null. */
export function quantityProblem(text: string): string | null {
  if (!FORM.test(text) || /\..*\./.test(text))
    return `quantities must match the regular expression '${FORM.source}'`;
  return Number.isNaN(parseQuantity(text)) ? "unable to parse quantity's suffix" : null;
}

/** The number that a quantity says; NaN if it says none. */
export function parseQuantity(text: string): number {
  const form = FORM.exec(text);
  if (form === null) return Number.NaN;
  const [, digits = "", suffix = ""] = form;
  const exponent = EXPONENT.exec(suffix);
  if (exponent !== null) return Number(`${digits}e${exponent[1]}`);
  const power = DECIMAL.get(suffix);
  if (power !== undefined) return Number(`${digits}e${power}`);
  const binary = BINARY.indexOf(suffix);
  return binary === -1 ? Number.NaN : Number(digits) * 1024 ** binary;
}

/**
 * The quantity as the API shows it: without fraction, with the greatest suffix that leaves it
 * whole, and never finer than a thousandth. Texts that are no quantities stay.
 */
export function canonicalQuantity(text: string): string {
  const form = FORM.exec(text);
  if (form === null || Number.isNaN(parseQuantity(text))) return text;
  const [, digits = "", suffix = ""] = form;
  const binary = BINARY.indexOf(suffix);
  if (binary > 0) {
    const bytes = parseQuantity(text);
    if (Math.abs(bytes) < 1024 || !Number.isInteger(bytes)) return decimal(String(bytes), 0);
    return inUnits(bytes, 1024, BINARY, 0);
  }
  const exponent = EXPONENT.exec(suffix);
  const power = exponent === null ? (DECIMAL.get(suffix) ?? 0) : Number(exponent[1]);
  if (exponent === null) return decimal(digits, power);
  return decimal(digits, power).replace(/[a-zA-Z]$/, (unit) => `e${DECIMAL.get(unit) ?? 0}`);
}

/** `digits` times ten to a power, in thousandths or more. */
function decimal(digits: string, power: number): string {
  const thousandths = Math.sign(Number(digits)) * Math.ceil(milli(digits, power));
  const units = [...DECIMAL.keys()].slice(2);
  return inUnits(thousandths, 1000, units, 0);
}

/** The absolute value in thousandths, without the errors of binary fractions. */
function milli(digits: string, power: number): number {
  return Math.abs(Number(`${Number(digits)}e${power + 3}`));
}

function inUnits(value: number, base: number, units: readonly string[], index: number): string {
  if (value === 0) return "0";
  if (value % base === 0 && index + 1 < units.length) {
    return inUnits(value / base, base, units, index + 1);
  }
  return `${value}${units[index] ?? ""}`;
}

/** The sum of quantities, in the form of the first that is not nothing: `1536Mi`, `1100m`. */
export function sumOfQuantities(texts: readonly string[]): string {
  const form = texts.find((text) => parseQuantity(text) !== 0) ?? "0";
  // In thousandths, since tenths of a core have no exact number.
  const total = texts.reduce((sum, text) => sum + Math.round(parseQuantity(text) * 1000), 0);
  const kibi = total / 1_024_000;
  if (/i$/.test(form) && Number.isInteger(kibi)) return canonicalQuantity(`${kibi}Ki`);
  return canonicalQuantity(`${total}m`);
}
