/** The pretty form is that of `ip -j -p` of iproute2 6.1. */
import { expect } from "chai";
import { jsonText } from "../../lib/shell/json-text.ts";

describe("shell/json-text", () => {
  it("prints one line, or breaks lines as iproute2's writer does", () => {
    const objects = [
      { dst: "10.0.0.5", state: ["PERMANENT"], stats: { rx: { bytes: 0 } } },
      { dst: "x" },
    ];

    expect(jsonText(objects, false)).to.equal(
      '[{"dst":"10.0.0.5","state":["PERMANENT"],"stats":{"rx":{"bytes":0}}},{"dst":"x"}]\n',
    );
    expect(jsonText(objects, true)).to.equal(
      [
        "[ {",
        '        "dst": "10.0.0.5",',
        '        "state": [ "PERMANENT" ],',
        '        "stats": {',
        '            "rx": {',
        '                "bytes": 0',
        "            }",
        "        }",
        "    },{",
        '        "dst": "x"',
        "    } ]\n",
      ].join("\n"),
    );
    expect(jsonText([], true)).to.equal("[ ]\n");
  });
});
