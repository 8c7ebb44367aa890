/** A pcap file written by the package node-pcap-writer, as an independent witness. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The part of node-pcap-writer 1.0.0 that is used; it writes through a stream it keeps in `_fs`. */
interface Witness {
  readonly _fs: NodeJS.WritableStream;
  writePacket(packet: Buffer, stampUs: number): void;
  close(): void;
}

/** The bytes that node-pcap-writer writes for packets with stamps in microseconds since 1970. */
export async function nodePcapWriterFile(
  packets: readonly { readonly stamp: number; readonly bytes: Buffer }[],
): Promise<Buffer> {
  const folder = mkdtempSync(join(tmpdir(), "vethwork-"));
  const file = join(folder, "witness.pcap");
  const load = createRequire(import.meta.url);
  const PcapFile = load("node-pcap-writer") as new (path: string) => Witness;
  try {
    const writer = new PcapFile(file);
    for (const { stamp, bytes } of packets) writer.writePacket(bytes, stamp);
    await new Promise((resolve) => {
      writer._fs.on("finish", resolve);
      writer.close();
    });
    return readFileSync(file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
