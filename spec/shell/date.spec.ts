import { expect } from "chai";
import { pair } from "./world.ts";

describe("shell/commands/date", () => {
  it("prints nanoseconds, or as many digits of them as the format says", () => {
    const world = pair();

    const [whole = "", micros = "", millis = ""] = world.run("a", "date '+%N %6N %3N'").split(" ");

    expect(whole).to.match(/^[0-9]{9}$/);
    expect(micros).to.equal(whole.slice(0, 6));
    expect(millis.trim()).to.equal(whole.slice(0, 3));
  });
});
