import { expect } from "chai";
import { fromUtf8, utf8 } from "../../../lib/base/bytes.ts";
import { MountedFiles } from "../../../lib/kube/kubelet/mounted-files.ts";
import { FileSystem } from "../../../lib/shell/files.ts";

/** A container with a file of its own, and a volume at `/data`. */
function container() {
  const volume = new FileSystem();
  volume.write("/deep/b", "of the volume");
  const files = new MountedFiles();
  files.write("/etc/a", "own");
  files.mount("/data", volume, "/");
  return { files, volume };
}

describe("kube/kubelet/mounted-files", () => {
  it("reads texts as bytes and bytes as texts, its own and a volume's", () => {
    const { files, volume } = container();
    volume.write("/c", utf8("bytes"));

    expect(files.readText("/data/deep/b")).to.equal("of the volume");
    expect(files.readText("/data/c")).to.equal("bytes");
    expect(fromUtf8(files.read("/etc/a") ?? utf8("none"))).to.equal("own");
    expect(files.readText("/etc/a")).to.equal("own");
    expect(files.readText("/data/nothing")).to.equal(null);
  });

  it("lists what is below a directory, whoever has it", () => {
    const { files } = container();

    expect(files.paths()).to.deep.equal(["/data/deep/b", "/etc/a"]);
    expect(files.paths("/data")).to.deep.equal(["/data/deep/b"]);
    expect(files.paths("/data/deep")).to.deep.equal(["/data/deep/b"]);
    expect(files.paths("/dat")).to.deep.equal([]);
    expect(files.paths("/etc/")).to.deep.equal(["/etc/a"]);
  });

  it("knows directories by the files in them", () => {
    const { files } = container();

    const known = ["/data", "/data/deep", "/etc", "/tmp"].map((path) => files.isDirectory(path));
    const unknown = ["/etc/a", "/data/deep/b", "/et"].map((path) => files.isDirectory(path));

    expect(known).to.deep.equal([true, true, true, true]);
    expect(unknown).to.deep.equal([false, false, false]);
  });

  it("writes through to the volume", () => {
    const { files, volume } = container();

    files.write("/data/new", "seen by others");

    expect(volume.readText("/new")).to.equal("seen by others");
  });
});
