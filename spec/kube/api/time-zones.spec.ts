/** Offsets are those of `TZ=… date -d @… +%z` with tz database 2025b. */
import { expect } from "chai";
import { inZone, parseCron } from "../../../lib/kube/api/cron.ts";
import { formatTime, parseTime } from "../../../lib/kube/api/time.ts";
import { zoneOffset } from "../../../lib/kube/api/time-zones.ts";

const hours = (zone: string, time: string) => zoneOffset(zone, parseTime(time)) / 3600;

describe("kube/api/time-zones", () => {
  it("knows how far clocks are ahead of UTC, in summer as in winter", () => {
    expect(hours("Asia/Seoul", "2026-07-01T00:00:00Z")).to.equal(9);
    expect(hours("Asia/Kolkata", "2026-01-01T00:00:00Z")).to.equal(5.5);
    expect(hours("Etc/GMT+3", "2026-01-01T00:00:00Z")).to.equal(-3);
    expect(hours("Europe/Berlin", "2026-03-29T00:59:59Z")).to.equal(1);
    expect(hours("Europe/Berlin", "2026-03-29T01:00:00Z")).to.equal(2);
    expect(hours("Europe/Berlin", "2026-10-25T01:00:00Z")).to.equal(1);
    expect(hours("America/New_York", "2026-03-08T06:59:59Z")).to.equal(-5);
    expect(hours("America/New_York", "2026-03-08T07:00:00Z")).to.equal(-4);
    expect(hours("America/New_York", "2026-11-01T05:59:59Z")).to.equal(-4);
    expect(hours("America/New_York", "2026-11-01T06:00:00Z")).to.equal(-5);
    expect(hours("Australia/Sydney", "2026-01-01T00:00:00Z")).to.equal(11);
    expect(hours("Australia/Sydney", "2026-07-01T00:00:00Z")).to.equal(10);
  });

  it("shifts a schedule by it", () => {
    const next = (zone: string, after: string) => {
      const at = inZone(parseCron("30 9 * * *"), zone).next(parseTime(after));
      return at === null ? null : formatTime(at);
    };

    expect(next("Asia/Seoul", "2026-01-01T00:00:00Z")).to.equal("2026-01-01T00:30:00Z");
    expect(next("Asia/Seoul", "2026-01-01T00:30:00Z")).to.equal("2026-01-02T00:30:00Z");
    expect(next("America/New_York", "2026-07-01T00:00:00Z")).to.equal("2026-07-01T13:30:00Z");
    expect(next("Etc/UTC", "2026-07-01T00:00:00Z")).to.equal("2026-07-01T09:30:00Z");
  });
});
