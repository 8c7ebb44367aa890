/**
 * The constants of the SHA-2 family: bits of the roots of the first primes, found with integers so
 * that no table has to be believed.
 *
 * Spec: FIPS 180-4 §4.2, §5.3.
 */

/**
 * The first `bits` bits of the fractional parts of the `degree`-th roots of the first `count`
 * primes: the largest r with r^degree ≤ p · 2^(bits·degree), of which the low bits remain.
 */
export function rootFractions(degree: number, count: number, bits: number): bigint[] {
  const constants: bigint[] = [];
  for (let candidate = 2; constants.length < count; candidate += 1) {
    if (!isPrime(candidate)) continue;
    const target = BigInt(candidate) << BigInt(bits * degree);
    let root = 0n;
    for (let bit = BigInt(bits + 4); bit >= 0n; bit -= 1n) {
      const next = root | (1n << bit);
      if (next ** BigInt(degree) <= target) root = next;
    }
    constants.push(BigInt.asUintN(bits, root));
  }
  return constants;
}

function isPrime(candidate: number): boolean {
  for (let divisor = 2; divisor * divisor <= candidate; divisor += 1) {
    if (candidate % divisor === 0) return false;
  }
  return true;
}
