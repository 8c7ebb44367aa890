/** Keeps what a pure function has made of a text, for texts that come again and again. */

/** With more results than these, all are forgotten. */
const MAX_RESULTS = 1024;

/** The same function; a text that it has been asked for lately costs one look-up. */
export function remembered<R extends object>(make: (text: string) => R): (text: string) => R {
  const results = new Map<string, R>();
  return (text) => {
    const known = results.get(text);
    if (known !== undefined) return known;
    const result = make(text);
    if (results.size >= MAX_RESULTS) results.clear();
    results.set(text, result);
    return result;
  };
}
