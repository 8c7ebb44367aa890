#!/usr/bin/env python3
"""Sends frames into the two ends of a router's cables and tells what comes out of them.

usage: inject.py DEVICE_A DEVICE_B, in the namespace that holds the far ends.
stdin: "a HEX" or "b HEX", an IPv4 packet to send; "." ends a batch.
stdout: after each packet the packets that came out, as "a HEX" or "b HEX", then ".".
"""
import select, socket, sys, time

IPV4 = 0x0800
names = {'a': sys.argv[1], 'b': sys.argv[2]}
router = {'a': bytes.fromhex('02000000000a'), 'b': bytes.fromhex('02000000000b')}
far = {'a': bytes.fromhex('0200000000fa'), 'b': bytes.fromhex('0200000000fb')}
sockets = {}
for side, name in names.items():
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(IPV4))
    s.bind((name, IPV4))
    s.setblocking(False)
    sockets[side] = s

def drain(wait):
    out = []
    while True:
        ready, _, _ = select.select(list(sockets.values()), [], [], wait)
        if not ready: return out
        for side, s in sockets.items():
            if s not in ready: continue
            data, address = s.recvfrom(65536)
            if address[2] == socket.PACKET_OUTGOING or data[12:14] != b'\x08\x00': continue
            out.append(f'{side} {data[14:].hex()}')
        wait = 0.0005

for line in sys.stdin:
    side, packet = line.split()
    frame = router[side] + far[side] + b'\x08\x00' + bytes.fromhex(packet)
    sockets[side].send(frame)
    # The router answers in the same softirq; a short wait is for its own threads.
    print('\n'.join(drain(0.004) + ['.']), flush=True)
