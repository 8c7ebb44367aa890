/** Values of options, checked as commander reads them, so that errors name the option. */
import { InvalidArgumentError } from "commander";

/** A reader of whole numbers from `least`, as far as a number is exact. */
export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const value = /^[0-9]+$/.test(text) ? Number(text) : Number.NaN;
    if (Number.isSafeInteger(value) && value >= least) return value;
    const range = `a whole number from ${least} to ${Number.MAX_SAFE_INTEGER}`;
    throw new InvalidArgumentError(`It is not ${range}.`);
  };
}

/** For options that may come again: all their values, in order. */
export function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}
