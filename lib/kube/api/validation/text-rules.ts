/**
 * The forms of text in the API: names, labels, keys, ports, percentages. Each function says what
 * is wrong with a text in the API server's words; nothing if it is well-formed.
 *
 * Spec: apimachinery util/validation and api/validate/content, v1.36.
 */

const LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`;
const WILDCARD = `\\*\\.${SUBDOMAIN}`;
const LABEL_KEY = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const LABEL_VALUE = `(${LABEL_KEY})?`;
const CONFIG_KEY = "[-._a-zA-Z0-9]+";
const HEADER = "[-A-Za-z0-9]+";
const PERCENT = "[0-9]+%";
const HTTP_PATH = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+";

/** `what (e.g. 'a',  or 'b', regex used for validation is 'pattern')` */
function formMessage(what: string, pattern: string, examples: readonly string[]): string {
  if (examples.length === 0) return `${what} (regex used for validation is '${pattern}')`;
  const shown = examples.map((example) => `'${example}', `).join(" or ");
  return `${what} (e.g. ${shown}regex used for validation is '${pattern}')`;
}

/** A form of text: a pattern, a length, and what is said of a text that breaks them. */
class TextForm {
  readonly #form: RegExp;
  readonly #maxLength: number;
  readonly #unit: string;
  readonly message: string;

  constructor(
    pattern: string,
    maxLength: number,
    what: string,
    examples: readonly string[],
    unit = "characters",
  ) {
    this.#form = new RegExp(`^${pattern}$`);
    this.#maxLength = maxLength;
    this.#unit = unit;
    this.message = formMessage(what, pattern, examples);
  }

  fits(text: string): boolean {
    return this.#form.test(text);
  }

  lengthProblems(text: string): string[] {
    return text.length > this.#maxLength
      ? [`must be no more than ${this.#maxLength} ${this.#unit}`]
      : [];
  }

  problems(text: string): string[] {
    const problems = this.lengthProblems(text);
    if (!this.fits(text)) problems.push(this.message);
    return problems;
  }
}

const SUBDOMAIN_TEXT =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";
const KEY_TEXT =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
const KEY_EXAMPLES = ["MyName", "my.name", "123-abc"];

const SUBDOMAIN_FORM = new TextForm(SUBDOMAIN, 253, SUBDOMAIN_TEXT, ["example.com"]);
const PREFIX_FORM = new TextForm(SUBDOMAIN, 253, SUBDOMAIN_TEXT, ["example.com"], "bytes");
const LABEL_FORM = new TextForm(
  LABEL,
  63,
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
  ["my-name", "123-abc"],
);
const WILDCARD_FORM = new TextForm(
  WILDCARD,
  253,
  "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
  ["*.example.com"],
);
const KEY_FORM = new TextForm(LABEL_KEY, 63, KEY_TEXT, KEY_EXAMPLES, "bytes");
const VALUE_FORM = new TextForm(
  LABEL_VALUE,
  63,
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  ["MyValue", "my_value", "12345"],
  "bytes",
);
const CONFIG_KEY_FORM = new TextForm(
  CONFIG_KEY,
  253,
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
  ["key.name", "KEY_NAME", "key-name"],
);
const HEADER_FORM = new TextForm(
  HEADER,
  Number.POSITIVE_INFINITY,
  "a valid HTTP header must consist of alphanumeric characters or '-'",
  ["X-Header-Name"],
);
const PERCENT_FORM = new TextForm(
  PERCENT,
  Number.POSITIVE_INFINITY,
  "a valid percent string must be a numeric string followed by an ending '%'",
  ["1%", "93%"],
);

/** Says what is wrong with a text. */
export type TextCheck = (text: string) => string[];

/** A name with dots, RFC 1123: what most objects have. */
export const subdomainProblems: TextCheck = (text) => SUBDOMAIN_FORM.problems(text);

/** A DNS label, RFC 1123. */
export const labelProblems: TextCheck = (text) => {
  const problems = LABEL_FORM.lengthProblems(text);
  if (!LABEL_FORM.fits(text)) {
    problems.push(SUBDOMAIN_FORM.fits(text) ? "must not contain dots" : LABEL_FORM.message);
  }
  return problems;
};

/** `*.example.com` */
export const wildcardProblems: TextCheck = (text) => WILDCARD_FORM.problems(text);

/** The key of a label, `prefix/name`; the API calls it a qualified name too. */
export const labelKeyProblems: TextCheck = (text) => {
  const slash = text.indexOf("/");
  if (slash !== text.lastIndexOf("/")) {
    return [
      `a valid label key ${KEY_FORM.message} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  const problems: string[] = [];
  if (slash === 0) problems.push("prefix part must be non-empty");
  else if (slash !== -1) {
    const prefix = PREFIX_FORM.problems(text.slice(0, slash));
    for (const problem of prefix) problems.push(`prefix part ${problem}`);
  }
  const name = text.slice(slash + 1);
  if (name === "") problems.push("name part must be non-empty");
  for (const problem of KEY_FORM.problems(name)) problems.push(`name part ${problem}`);
  return problems;
};

/** The value of a label. */
export const labelValueProblems: TextCheck = (text) => VALUE_FORM.problems(text);

/** A key of a ConfigMap or Secret. */
export const configKeyProblems: TextCheck = (text) => [
  ...CONFIG_KEY_FORM.problems(text),
  ...dotsProblems(text),
];

function dotsProblems(text: string): string[] {
  if (text === ".") return ["must not be '.'"];
  if (text === "..") return ["must not be '..'"];
  return text.startsWith("..") ? ["must not start with '..'"] : [];
}

/** The name of an environment variable. */
export const variableNameProblems: TextCheck = (text) =>
  [...text].every((letter) => letter > "\u001f" && letter < "\u007f" && letter !== "=")
    ? []
    : [
        "a valid environment variable name must consist only of printable ASCII characters other than '='",
      ];

/** The name of an HTTP header. */
export const headerProblems: TextCheck = (text) => HEADER_FORM.problems(text);

/** `25%` */
export const percentProblems: TextCheck = (text) => PERCENT_FORM.problems(text);

/** The name of a port, as IANA's service names are formed. */
export const portNameProblems: TextCheck = (text) => {
  const problems: string[] = [];
  if (text.length > 15) problems.push("must be no more than 15 characters");
  if (!/^[-a-z0-9]+$/.test(text)) {
    problems.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
  }
  if (!/[a-z]/.test(text)) problems.push("must contain at least one letter (a-z)");
  if (text.includes("--")) problems.push("must not contain consecutive hyphens");
  if (text.startsWith("-") || text.endsWith("-")) {
    problems.push("must not begin or end with a hyphen");
  }
  return problems;
};

/** A segment of a URL's path, which is all that names of roles have to be. */
export const pathSegmentProblems: TextCheck = (text) => {
  if (text === "." || text === "..") return [`may not be '${text}'`];
  return ["/", "%"]
    .filter((sign) => text.includes(sign))
    .map((sign) => `may not contain '${sign}'`);
};

/** What is wrong with the part after the first / of `acme.io/foo`. */
export const httpPathProblems: TextCheck = (text) =>
  new RegExp(`^${HTTP_PATH}$`).test(text) ? [] : [formMessage("Invalid path", HTTP_PATH, [])];
