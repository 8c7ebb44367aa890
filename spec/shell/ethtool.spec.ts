/** What ethtool 6.1 printed on Linux 6.18 for a device that is not there. */
import { expect } from "chai";
import { World } from "./world.ts";

const NO_NAME = "netlink error: no device matches name (offset 24)\n";
const NO_DEVICE = "netlink error: No such device\n";

describe("shell/commands/ethtool", () => {
  it("ends with another status for each thing that is asked of a missing device", () => {
    const world = new World("a");

    expect(world.status("a", "ethtool nope")).to.deep.equal({
      status: 75,
      out: "No data available\n",
      err: (NO_NAME + NO_DEVICE).repeat(5),
    });
    expect(world.status("a", "ethtool -k nope")).to.include({
      status: 1,
      err: NO_NAME + NO_DEVICE,
    });
    expect(world.status("a", "ethtool -i nope")).to.include({
      status: 71,
      err: "Cannot get driver information: No such device\n",
    });
    expect(world.status("a", "ethtool -S nope").status).to.equal(96);
    expect(world.status("a", "ethtool -K nope gro off").status).to.equal(92);
    expect(world.status("a", "ethtool -P nope")).to.include({ status: 1, err: NO_DEVICE });
  });
});
