import { expect } from "chai";
import { cronProblem, parseCron } from "../../../lib/kube/api/cron.ts";
import { formatTime, parseTime } from "../../../lib/kube/api/time.ts";

/** The next times behind a Saturday, 2000-01-01 00:00:30. */
function times(schedule: string, count: number): string[] {
  const { next } = parseCron(schedule);
  const found: string[] = [];
  let at = next(parseTime("2000-01-01T00:00:30Z"));
  for (; at !== null && found.length < count; at = next(at)) found.push(formatTime(at));
  return found;
}

describe("kube/api/cron", () => {
  it("finds the times of numbers, ranges, lists, steps and names", () => {
    expect(times("* * * * *", 2)).to.deep.equal(["2000-01-01T00:01:00Z", "2000-01-01T00:02:00Z"]);
    expect(times("5/20 8-10/2,22 * * *", 4)).to.deep.equal([
      "2000-01-01T08:05:00Z",
      "2000-01-01T08:25:00Z",
      "2000-01-01T08:45:00Z",
      "2000-01-01T10:05:00Z",
    ]);
    expect(times("0 0 * FEB mon-tue", 3)).to.deep.equal([
      "2000-02-01T00:00:00Z",
      "2000-02-07T00:00:00Z",
      "2000-02-08T00:00:00Z",
    ]);
    expect(times("@monthly", 1)).to.deep.equal(["2000-02-01T00:00:00Z"]);
    expect(times("@weekly", 1)).to.deep.equal(["2000-01-02T00:00:00Z"]);
  });

  it("takes either day if both are given, and both if one is every day", () => {
    expect(times("0 0 13 * fri", 3)).to.deep.equal([
      "2000-01-07T00:00:00Z",
      "2000-01-13T00:00:00Z",
      "2000-01-14T00:00:00Z",
    ]);
    expect(times("0 0 ? * fri", 2)).to.deep.equal(["2000-01-07T00:00:00Z", "2000-01-14T00:00:00Z"]);
    // A star with a step is no star.
    expect(times("0 0 */30 * fri", 2)).to.deep.equal([
      "2000-01-07T00:00:00Z",
      "2000-01-14T00:00:00Z",
    ]);
  });

  it("counts from any time for @every, and never comes to a day that is not", () => {
    expect(times("@every 1h30m", 2)).to.deep.equal([
      "2000-01-01T01:30:30Z",
      "2000-01-01T03:00:30Z",
    ]);
    expect(times("0 0 30 2 *", 1)).to.deep.equal([]);
    expect(times("0 0 29 2 *", 2)).to.deep.equal(["2000-02-29T00:00:00Z", "2004-02-29T00:00:00Z"]);
  });

  it("says what is wrong as the parser does", () => {
    expect(cronProblem("* * * *")).to.equal("expected exactly 5 fields, found 4: [* * * *]");
    expect(cronProblem("60 * * * *")).to.equal("end of range (60) above maximum (59): 60");
    expect(cronProblem("*/0 * * * *")).to.equal("step of range should be a positive number: */0");
    expect(cronProblem("@often")).to.equal("unrecognized descriptor: @often");
    expect(cronProblem("@hourly")).to.equal(null);
  });
});
