/**
 * What the linter checks, checked again from its own table (tools/biome.json), so that the order of
 * the rooms is written in one place and cannot be lost by a change of lint rules.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, normalize } from "node:path";
import { expect } from "chai";

interface LintOverride {
  readonly includes: readonly string[];
  readonly linter: {
    readonly rules: { readonly style?: { readonly noRestrictedImports?: Restriction } };
  };
}

interface Restriction {
  readonly options: {
    readonly paths?: Readonly<Record<string, string>>;
    readonly patterns?: readonly { readonly group: readonly string[] }[];
  };
}

const { overrides } = JSON.parse(readFileSync("tools/biome.json", "utf8")) as {
  overrides: LintOverride[];
};
const roomOf = (include: string): string => /^lib\/([a-z]+)\/\*\*$/.exec(include)?.[1] ?? "";
const ROOMS = overrides
  .map(({ includes }) => roomOf(includes[0] ?? ""))
  .filter((room) => room !== "");

/** Packages that one room alone may use. */
const PACKAGES: Readonly<Record<string, string>> = {
  "ip-num": "base",
  "buffer-layout": "wire",
  "dns-packet": "apps",
  yaml: "lab",
};
const FORBIDDEN = [
  /\bDate\b/,
  /\bMath\.random\b/,
  /\bPromise\b/,
  /\basync\b/,
  /\bawait\b/,
  /\b(setTimeout|setInterval|setImmediate|queueMicrotask)\b/,
  /\bperformance\b/,
  /\bprocess\.(env|argv|hrtime|nextTick|stdout|cwd)\b/,
  /\bconsole\b/,
  /\bWeakRef\b/,
  /\blocaleCompare\b/,
  /\bIntl\b/,
  /\bMath\.(sin|cos|tan|exp|log|log2|log10|pow|cbrt)\b/,
];

function files(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => join(folder, name).replaceAll("\\", "/"))
    .sort();
}

function importsOf(text: string): string[] {
  const statements = text.matchAll(/^(?:import|export)\s(?:[^"`;=]*?\sfrom\s)?"([^"]+)"/gm);
  return [...statements].map((match) => match[1] ?? "");
}

/** Code without comments, texts and regular expressions' likes in texts. */
function codeOf(text: string): string {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .replace(/(^|\s)\/\/.*$/gm, "")
    .replace(/"(?:[^"\\\n]|\\.)*"/g, '""')
    .replace(/`(?:[^`\\$]|\\.|\$(?!\{))*`/g, "``");
}

describe("architecture", () => {
  const sources = files("lib").filter((file) => file.split("/").length > 2);

  it("has the rooms in the linter's order, and no others", () => {
    const folders = readdirSync("lib", { withFileTypes: true }).filter((one) => one.isDirectory());

    expect(ROOMS).to.deep.equal([
      "base",
      "sim",
      "wire",
      "capture",
      "link",
      "netfilter",
      "net",
      "transport",
      "socket",
      "apps",
      "shell",
      "kube",
      "lab",
    ]);
    for (const { name } of folders) expect(ROOMS).to.include(name);
  });

  it("lets the linter refuse every room to the right", () => {
    for (const { includes, linter } of overrides) {
      const room = roomOf(includes[0] ?? "");
      if (room === "") continue;
      const groups = linter.rules.style?.noRestrictedImports?.options.patterns ?? [];
      const refused = groups.flatMap(({ group }) => group);
      for (const right of ROOMS.slice(ROOMS.indexOf(room) + 1)) {
        expect(refused, `${room} must not import ${right}`).to.include(`../${right}/**`);
      }
    }
  });

  it("imports only from rooms to the left", () => {
    for (const file of sources) {
      const room = file.split("/")[1] ?? "";
      for (const path of importsOf(readFileSync(file, "utf8"))) {
        if (!path.startsWith(".")) {
          const owner = PACKAGES[path];
          expect(owner, `${file} imports the package ${path}`).to.equal(room);
          continue;
        }
        const target = normalize(join(dirname(file), path)).replaceAll("\\", "/");
        const other = target.split("/")[1] ?? "";
        expect(target.startsWith("lib/"), `${file} imports ${path}`).to.equal(true);
        expect(ROOMS.indexOf(other), `${file} imports ${path}`).to.be.at.most(ROOMS.indexOf(room));
      }
    }
  });

  it("uses nothing that depends on the machine, the clock or chance", () => {
    for (const file of files("lib")) {
      const code = codeOf(readFileSync(file, "utf8"));
      for (const pattern of FORBIDDEN) {
        expect(pattern.exec(code)?.[0], `in ${file}`).to.equal(undefined);
      }
    }
  });

  it("says at the head of every file what it is", () => {
    for (const file of [...files("lib"), ...files("tools")]) {
      expect(readFileSync(file, "utf8"), file).to.match(/^(#!.*\n)?\/\*\*\s/);
    }
  });
});

describe("fixtures", () => {
  it("have for each golden capture its text, and for each text its capture", async () => {
    const { timelineText } = await import("./support/golden.ts");
    const golden = readdirSync("fixtures", { recursive: true, encoding: "utf8" })
      .map((name) => join("fixtures", name))
      .filter((name) => ["expected.pcapng", "expected.txt"].includes(basename(name)));
    for (const folder of new Set(golden.map((name) => dirname(name)))) {
      const capture = join(folder, "expected.pcapng");
      expect(existsSync(capture), capture).to.equal(true);
      const text = readFileSync(join(folder, "expected.txt"), "utf8");
      expect(text, folder).to.equal(timelineText(readFileSync(capture)));
    }
  });
});
