import { expect } from "chai";
import { renderGoTemplate } from "../../../lib/kube/kubectl/go-template.ts";

const PODS = {
  items: [
    { metadata: { name: "a", labels: { app: "web", "x/y": "z" } }, status: { ready: true } },
    { metadata: { name: "b" }, status: { ready: false, ips: ["1", "2"] } },
  ],
};

function rendered(template: string): string {
  return renderGoTemplate(PODS, template);
}

describe("kube/kubectl/go-template", () => {
  it("repeats a range for lists and maps, with what is there if there is nothing", () => {
    expect(rendered('{{range .items}}{{.metadata.name}}{{"\\n"}}{{end}}')).to.equal("a\nb\n");
    expect(rendered("{{range $i, $p := .items}}{{$i}}={{$p.metadata.name}} {{end}}")).to.equal(
      "0=a 1=b ",
    );
    expect(
      rendered(
        "{{range .items}}{{range $k, $v := .metadata.labels}}{{$k}}:{{$v}};{{else}}none{{end}}{{end}}",
      ),
    ).to.equal("app:web;x/y:z;none");
  });

  it("chooses by what is true, and lets the dot be something else", () => {
    expect(rendered("{{range .items}}{{if .status.ready}}up{{else}}down{{end}} {{end}}")).to.equal(
      "up down ",
    );
    expect(rendered("{{with index .items 1}}{{.metadata.name}}{{end}}")).to.equal("b");
    expect(
      rendered('{{range .items}}{{if eq .metadata.name "b"}}{{len .status.ips}}{{end}}{{end}}'),
    ).to.equal("2");
  });

  it("calls functions, nested and through pipes, and trims blanks", () => {
    expect(rendered('{{index (index .items 0).metadata.labels "x/y"}}')).to.equal("z");
    expect(rendered('{{"aGFsbG8=" | base64decode | printf "%s %d%%" "so"}}')).to.equal("so hallo%");
    expect(rendered("a  {{- 1 -}}  b")).to.equal("a1b");
    expect(rendered("{{.nothing}} {{with index .items 1}}{{.status.ips}}{{end}}")).to.equal(
      "<no value> [1 2]",
    );
  });

  it("refuses what it cannot read", () => {
    expect(() => rendered("{{range .items}}")).to.throw("unexpected EOF");
    expect(() => rendered("{{foo .items}}")).to.throw('function "foo" not defined');
    expect(() => rendered('{{template "x"}}')).to.throw("is not modelled");
  });
});
