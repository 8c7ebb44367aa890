#!/usr/bin/env python3
"""Sends packets into the two ends of a router's cables and tells what comes out of them, and reads
and sets what the router's kernel has under /proc. One packet is one send(2): the router has
forwarded it when that call returns, unless it left the work to a thread of its own.

usage: inject.py FAR_NAMESPACE, in the router's namespace; the far ends are va and vb there.
stdin, one command a line, and what is answered to it; "." ends every answer:
  a HEX N       an IPv4 packet on cable a (or b), for which N packets are expected: "a HEX" or "b HEX" each
  connections   the lines of /proc/net/nf_conntrack
  sysctl NAME VALUE
"""
import ctypes, os, select, socket, sys

IPV4 = 0x0800
CLONE_NEWNET = 0x40000000
router = {'a': bytes.fromhex('02000000000a'), 'b': bytes.fromhex('02000000000b')}
far = {'a': bytes.fromhex('0200000000fa'), 'b': bytes.fromhex('0200000000fb')}

def enter(path):
    descriptor = os.open(path, os.O_RDONLY)
    if ctypes.CDLL(None, use_errno=True).setns(descriptor, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), path)
    os.close(descriptor)

# Some of what netfilter remembers it remembers by processor.
os.sched_setaffinity(0, {0})
own = f'/proc/{os.getpid()}/fd/{os.open("/proc/self/ns/net", os.O_RDONLY)}'
enter(f'/run/netns/{sys.argv[1]}')
sockets = {}
for side in 'ab':
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(IPV4))
    s.bind((f'v{side}', IPV4))
    s.setblocking(False)
    sockets[side] = s
enter(own)

def drain(expected):
    """A packet that is expected may take its time; one that is not will be there at once."""
    out = []
    while True:
        wait = 0.03 if len(out) < expected else 0.0003
        ready, _, _ = select.select(list(sockets.values()), [], [], wait)
        if not ready: return out
        for side, s in sockets.items():
            if s not in ready: continue
            data, address = s.recvfrom(65536)
            if address[2] == socket.PACKET_OUTGOING or data[12:14] != b'\x08\x00': continue
            out.append(f'{side} {data[14:].hex()}')

def answer(words):
    if words[0] == 'connections':
        with open('/proc/thread-self/net/nf_conntrack') as table: return table.read().splitlines()
    if words[0] == 'sysctl':
        with open('/proc/sys/' + words[1].replace('.', '/'), 'w') as setting: setting.write(words[2])
        return []
    side, packet, expected = words
    sockets[side].send(router[side] + far[side] + b'\x08\x00' + bytes.fromhex(packet))
    return drain(int(expected))

for line in sys.stdin:
    print('\n'.join(answer(line.split()) + ['.']), flush=True)
