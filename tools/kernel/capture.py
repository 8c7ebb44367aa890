"""Captures every interface of every namespace into one pcapng.

One memory-mapped packet ring (TPACKET_V2) is opened an interface, before the first frame of the lab, and read after
the last: nothing of the capture runs while the lab does, so that it takes no time from the kernel under test. All
rings carry time stamps of one clock; the file is their merge in the order of these.

A ring is used rather than recvmsg because the kernel copies into a ring at once. A queued clone would keep the frame
from being coalesced in the receive queue of a socket, and that shows in the windows TCP advertises.

Kernel: net/packet/af_packet.c, include/uapi/linux/if_packet.h (6.18)
"""

import mmap
import socket
import struct

from namespaces import EngineError

ETH_P_ALL = 0x0003
SOL_PACKET = 263
PACKET_RX_RING = 5
PACKET_STATISTICS = 6
PACKET_VERSION = 10
PACKET_IGNORE_OUTGOING = 23
TPACKET_V2 = 1
TP_STATUS_USER = 1
PACKET_OUTGOING = 4

BLOCK_BYTES = 1 << 17
# tpacket2_hdr is 32 bytes long and is followed by a sockaddr_ll
HEADER = struct.Struct("=IIIHHIIHH")
SLL_PKTTYPE_OFFSET = 32 + 10


class Ring:
    """The capture of one interface; `slots` frames at the most, more are counted as lost."""

    def __init__(self, name, device, slots, slot_bytes):
        self.name = name
        self.device = device
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self.socket.setsockopt(SOL_PACKET, PACKET_VERSION, struct.pack("i", TPACKET_V2))
        self.slot_bytes = slot_bytes
        blocks = max(1, slots * slot_bytes // BLOCK_BYTES)
        self.slots = blocks * (BLOCK_BYTES // slot_bytes)
        self.socket.setsockopt(
            SOL_PACKET, PACKET_RX_RING, struct.pack("IIII", BLOCK_BYTES, blocks, slot_bytes, self.slots)
        )
        self.memory = mmap.mmap(self.socket.fileno(), blocks * BLOCK_BYTES)
        self.slot = 0
        self.socket.bind((device, ETH_P_ALL))

    def frames(self):
        """Takes what has been captured: (time in ns, direction, original length, bytes kept)."""
        taken = []
        while True:
            at = self.slot * self.slot_bytes
            status, length, kept, mac, _net, seconds, nanoseconds, _tci, _tpid = HEADER.unpack_from(self.memory, at)
            if not status & TP_STATUS_USER:
                return taken
            outgoing = self.memory[at + SLL_PKTTYPE_OFFSET] == PACKET_OUTGOING
            data = self.memory[at + mac : at + mac + kept]
            if kept < length:
                raise EngineError(f"{self.name}: a frame of {length} bytes is longer than a slot of the capture")
            taken.append((seconds * 1_000_000_000 + nanoseconds, 2 if outgoing else 1, length, data))
            struct.pack_into("=I", self.memory, at, 0)
            self.slot = (self.slot + 1) % self.slots

    def lost(self):
        """Frames that found the ring full."""
        _packets, dropped = struct.unpack("II", self.socket.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))
        return dropped


class Capture:
    """All rings of a run."""

    def __init__(self):
        self.rings = []
        self.taken = []

    def open(self, name, device, slots, slot_bytes):
        """Starts to capture; the calling thread is in the interface's namespace."""
        self.rings.append(Ring(name, device, slots, slot_bytes))
        self.taken.append([])

    def drain(self):
        """Empties the rings; returns how many frames there were."""
        count = 0
        for ring, taken in zip(self.rings, self.taken):
            frames = ring.frames()
            taken += frames
            count += len(frames)
        return count

    def lost(self):
        return sum(ring.lost() for ring in self.rings)

    def file(self):
        """The merged pcapng, times in nanoseconds."""
        self.drain()
        merged = sorted(
            (time, index, order, frame)
            for index, taken in enumerate(self.taken)
            for order, (time, frame) in enumerate(in_order(taken))
        )
        blocks = [block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))]
        for ring in self.rings:
            options = option(2, ring.name.encode()) + option(9, b"\x09") + struct.pack("<HH", 0, 0)
            blocks.append(block(1, struct.pack("<HHI", 1, 0, 0) + options))
        for time, index, _order, (direction, length, data) in merged:
            head = struct.pack("<IIIII", index, time >> 32, time & 0xFFFFFFFF, len(data), length)
            options = option(2, struct.pack("<I", direction)) + struct.pack("<HH", 0, 0)
            blocks.append(block(6, head + padded(data) + options))
        return b"".join(blocks)


def in_order(frames):
    """The frames of one ring with times that never go back.

    A ring has frames in the order in which the stack handled them. The time stamp of a received one is that of its
    arrival in the backlog, where it may have waited while others were sent.
    """
    latest = 0
    for time, *frame in frames:
        latest = max(latest, time)
        yield latest, frame


def padded(data):
    return data + b"\0" * (-len(data) % 4)


def option(code, value):
    return struct.pack("<HH", code, len(value)) + padded(value)


def block(kind, body):
    length = len(body) + 12
    return struct.pack("<II", kind, length) + body + struct.pack("<I", length)
