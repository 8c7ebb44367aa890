/** Makes chai know runs and captures in every spec that imports this. */
import { use } from "chai";
import { vethworkChai } from "../../tools/chai.ts";

use(vethworkChai);

export { compareWithFolder, goldenFiles, goldenMode, timelineText } from "../../tools/golden.ts";
