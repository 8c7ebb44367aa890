"""The line between two hosts when it is not a perfect one: delay, rate, a bounded queue, and exact faults.

Each impaired link of a lab is two veth pairs that meet in a namespace of their own. There this process takes frames
off one end and puts them on the other, and in between loses, doubles, damages or delays the n-th frame as the lab
says. So the sender's capture shows a frame that is lost and the receiver's does not, as on a real cable.

A frame that comes out of the line is a new one in the kernel's memory, and is charged to the receiver's buffer by its
length alone; one that came through a veth pair is charged as its sender allocated it. Full-sized segments cost the same
either way; a short one can move an advertised window by some hundred bytes.
"""

import heapq
import select
import socket
import struct
import time

from capture import ETH_P_ALL, PACKET_IGNORE_OUTGOING, SOL_PACKET

PACKET_QDISC_BYPASS = 20
SO_RCVBUFFORCE = 33
SO_TIMESTAMPNS = 35
LONGEST_FRAME = 65_549
NS_PER_S = 1_000_000_000


class Line:
    """One direction of a link. Delays in ns, the rate in bit/s (0: none), frames count from 1."""

    def __init__(self, source, target, options):
        self.source = source
        self.target = target
        self.delay = options.get("delayNs", 0)
        self.rate = options.get("rateBps", 0)
        self.limit = options.get("limit", 1000)
        self.drop = set(options.get("drop", ()))
        self.duplicate = set(options.get("duplicate", ()))
        self.corrupt = {int(number): bit for number, bit in options.get("corrupt", {}).items()}
        self.later = {int(number): delay for number, delay in options.get("delay", {}).items()}
        self.number = 0
        self.busy_until = 0
        self.waiting = 0


class Wires:
    """All lines of a run."""

    def __init__(self, lines):
        self.lines = {line.source.fileno(): line for line in lines}
        self.queue = []
        self.count = 0

    def run(self):
        """Forwards frames until the process ends."""
        descriptors = list(self.lines)
        while True:
            timeout = max(0, self.queue[0][0] - time.time_ns()) / NS_PER_S if self.queue else None
            readable, _, _ = select.select(descriptors, [], [], timeout)
            for descriptor in readable:
                self.take(self.lines[descriptor])
            self.deliver()

    def take(self, line):
        data, extra, _flags, _address = line.source.recvmsg(LONGEST_FRAME, 64)
        seconds, nanoseconds = struct.unpack("qq", extra[0][2])
        arrived = seconds * NS_PER_S + nanoseconds
        line.number += 1
        copies = 1 + (line.number in line.duplicate) - (line.number in line.drop)
        for copy in range(copies):
            if line.waiting >= line.limit:
                return
            sent = data
            if copy == 0 and line.number in line.corrupt:
                sent = flipped(data, line.corrupt[line.number])
            departure = arrived + line.delay
            if line.rate > 0:
                line.busy_until = max(arrived, line.busy_until) + len(data) * 8 * NS_PER_S // line.rate
                departure = line.busy_until + line.delay
            departure += line.later.get(line.number, 0)
            line.waiting += 1
            self.count += 1
            heapq.heappush(self.queue, (departure, self.count, line, sent))

    def deliver(self):
        while self.queue and self.queue[0][0] <= time.time_ns():
            _departure, _count, line, data = heapq.heappop(self.queue)
            line.waiting -= 1
            try:
                line.target.send(data)
            except OSError:
                pass  # the device at the other end is down: the frame is lost on the line


def flipped(data, bit):
    """The frame with one bit turned over; a number beyond the frame means its last bit."""
    bit = min(bit, 8 * len(data) - 1)
    changed = bytearray(data)
    changed[bit >> 3] ^= 0x80 >> (bit & 7)
    return bytes(changed)


def open_end(device):
    """A raw socket on one device of the wires' namespace."""
    end = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    end.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    end.setsockopt(SOL_PACKET, PACKET_QDISC_BYPASS, 1)
    end.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    end.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 24)
    end.bind((device, ETH_P_ALL))
    return end
