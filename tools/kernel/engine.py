"""Carries a lab out on the kernel that runs here: reads a plan (JSON) from standard input and writes to standard output
what came of it (JSON): a capture of every interface, and what the commands did.

It is started by run.ts as the first process of new mount, process, host-name, IPC and network namespaces. Nothing that it
makes is visible outside of these, and all of it, every process included, is gone when this process ends, whatever
ends it: also when its parent dies, which closes its standard input.
"""

import base64
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time

from capture import Capture
from namespaces import EngineError, Namespace, private_mounts, run
from wire import Line, Wires, open_end

NS_PER_S = 1_000_000_000
WIRES = "wires"
TIMED_OUT = 124
# What else the machine does shall not show in the recordings
NICENESS = -10
LONGEST_LOOPBACK_FRAME = 65_549
# Bridges see what netfilter makes of fragments, of which labs have few
LONGEST_ASSEMBLED = 16_000
# Of a ring's slot: its own header, the address, the Ethernet header and padding
SLOT_HEAD = 192
CHANGES_ROUTES = re.compile(r"\b(ip .*\b(a|add|append|prepend|replace|c|ch|change|set|flush|del|d)|ifconfig \S+ .|route (add|del))\b")
CUBIC_JSON = ',"metrics":[{"congestion":"cubic"}]'
OFFLOADS = ("tso", "gso", "gro", "tx", "rx", "sg")
# Routes that carry no connection, or cannot have metrics
WITHOUT_METRICS = ("broadcast", "multicast", "unreachable", "prohibit", "blackhole", "throw")


class Engine:
    """One run of one plan (see plan.ts for its fields)."""

    def __init__(self, plan):
        self.plan = plan
        self.namespaces = {}
        self.wires = None
        self.capture = Capture()
        self.programs = {}
        self.results = []

    def carry_out(self):
        private_mounts()
        for node in self.plan["nodes"]:
            self.add_node(node)
        self.add_links()
        for file in self.plan["files"]:
            self.namespaces[file["node"]].file(file["path"], base64.b64decode(file["base64"]))
        for command in self.plan["setup"]:
            self.set_up(command)
        for name in self.namespaces:
            self.choose_cubic(name)
        self.wait(self.plan["quietNs"])
        self.open_captures()
        for program in self.plan["processes"]:
            self.programs[program["name"]] = self.start(program)
        self.wait(self.plan["startNs"])
        for index, step in enumerate(self.plan["steps"]):
            self.step(index, step)
        self.wait(self.plan["settleNs"])
        capture = self.capture.file()
        lost = self.capture.lost()
        if lost > 0:
            raise EngineError(f"the capture lost {lost} frames; the lab sends more than the rings hold")
        return {
            "outputs": self.results,
            "kernel": os.uname().release,
            "capture": base64.b64encode(capture).decode("ascii"),
        }

    # -- what is there before the first step

    def add_node(self, node):
        namespace = Namespace(node["name"])
        self.namespaces[node["name"]] = namespace
        namespace.enter()
        silence(namespace)
        for name, value in self.plan["sysctls"]:
            namespace.sysctl(name, value)
        run(["ip", "link", "set", "lo", "up"])
        for name, value in node["sysctls"]:
            namespace.sysctl(name, value)

    def add_links(self):
        impaired = [link for link in self.plan["links"] if any(link["lines"])]
        if impaired:
            self.wires = Namespace(WIRES)
            self.wires.enter()
            silence(self.wires)
        for link in self.plan["links"]:
            one, other = link["ends"]
            if any(link["lines"]):
                number = impaired.index(link)
                self.add_pair(one, {"node": WIRES, "device": f"a{number}", "mac": None}, link["mtu"])
                self.add_pair(other, {"node": WIRES, "device": f"b{number}", "mac": None}, link["mtu"])
            else:
                self.add_pair(one, other, link["mtu"])
        if impaired:
            self.start_wires(impaired)

    def add_pair(self, one, other, mtu):
        """A veth pair without offloads; only ends that belong to a wire are up."""
        words = ["ip", "link", "add", one["device"], "netns", one["node"], "mtu", str(mtu)]
        words += ["address", one["mac"]] if one["mac"] else []
        words += ["type", "veth", "peer", "name", other["device"], "netns", other["node"], "mtu", str(mtu)]
        words += ["address", other["mac"]] if other["mac"] else []
        run(words)
        for end in (one, other):
            namespace = self.namespaces.get(end["node"]) or self.wires
            namespace.enter()
            off = [word for name in OFFLOADS for word in (name, "off")]
            run(["ethtool", "-K", end["device"], *off])
            if end["node"] == WIRES:
                run(["ip", "link", "set", end["device"], "arp", "off", "up"])

    def start_wires(self, impaired):
        """Starts the process that moves frames between the ends of impaired links."""
        self.wires.enter()
        lines = []
        for number, link in enumerate(impaired):
            one, other = open_end(f"a{number}"), open_end(f"b{number}")
            lines.append(Line(one, other, link["lines"][0] or {}))
            lines.append(Line(other, one, link["lines"][1] or {}))
        if os.fork() == 0:
            # A cable does not wait for a processor
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(10))
            Wires(lines).run()

    def set_up(self, command):
        process = self.start(command)
        status, _out, err = finish(process, 60 * NS_PER_S)
        if status != 0:
            raise EngineError(f"{command['on']}: {command['run']}: exit status {status}: {err.strip()}")

    def choose_cubic(self, name):
        """Marks every route of a host with CUBIC.

        A namespace inherits the machine's congestion control, and only the machine may name another default; a route's
        own choice is open to all. What `ip route` prints of it is taken out of the outputs again.
        """
        self.namespaces[name].enter()
        routes = [route_words(line) for line in run(["ip", "-4", "-o", "route", "show", "table", "all"]).splitlines()]
        carrying = [words for words in routes if words[0] not in WITHOUT_METRICS]
        # The kernel does not know its own route in a marked one, and adds it again when a device is up again
        old = [words for words in carrying if "congctl" in words and without_congctl(words) in carrying]
        lines = [["route", "del", *words] for words in old]
        carrying = [words for words in carrying if words not in old]
        for words in carrying:
            alike = [other for other in carrying if route_key(other) == route_key(words)]
            if all("congctl" in other for other in alike):
                continue
            # A change finds the first of several routes that differ in their ways alone
            if len(alike) > 1:
                lines.append(["route", "del", *without_congctl(words)])
            lines.append(["route", "append" if len(alike) > 1 else "change", *with_congctl(words)])
        if lines:
            # What `ip route` prints is what it reads, but for this lock, which it sets by itself
            batch = "".join(" ".join(line) + "\n" for line in lines).replace("rto_min lock", "rto_min")
            run(["ip", "-batch", "-"], batch)

    def open_captures(self):
        changed = [int(mtu) for mtu in re.findall(r"\bmtu (\d+)", json.dumps(self.plan["steps"]))]
        for name, namespace in self.namespaces.items():
            namespace.enter()
            for line in run(["ip", "-o", "link"]).splitlines():
                device = line.split(": ")[1].split("@")[0]
                if not self.wants(name, device):
                    continue
                longest = max(int(line.split(" mtu ")[1].split()[0]), *changed, 0)
                if device == "lo":
                    longest = LONGEST_LOOPBACK_FRAME
                elif is_bridge(device):
                    longest = max(longest, LONGEST_ASSEMBLED)
                self.capture.open(f"{name}/{device}", device, self.plan["captureSlots"], slot_for(longest))

    def wants(self, name, device):
        chosen = self.plan["captureInterfaces"]
        if chosen is None or f"{name}/*" in chosen:
            return device != "lo"
        return f"{name}/{device}" in chosen

    # -- steps

    def step(self, index, step):
        kind = step["kind"]
        if kind == "wait":
            self.wait(step["durationNs"])
        elif kind == "run":
            process = self.start(step)
            if step["background"]:
                self.programs[step["name"] or f"step {index}"] = process
            else:
                self.results.append(self.result(index, step, process))
                self.routes_may_have_changed(step)
        elif kind == "parallel":
            processes = [self.start(command) for command in step["commands"]]
            for command, process in zip(step["commands"], processes):
                self.results.append(self.result(index, command, process))
        elif kind == "act":
            for command in step["commands"]:
                self.set_up(command)
        elif kind == "link":
            self.namespaces[step["node"]].enter()
            run(["ip", "link", "set", step["device"], "up" if step["up"] else "down"])
            self.choose_cubic(step["node"])
        elif kind == "kill":
            process = self.programs.get(step["process"])
            if process is None:
                raise EngineError(f"kill {step['process']}: no program has that name")
            if process.poll() is None:
                os.killpg(process.pid, step["signal"])

    def start(self, command):
        """Starts a command; one that runs beside the steps has its output taken at the end."""
        process = self.namespaces[command["on"]].start(command["run"], command.get("stdin"))
        if command.get("stdin") is not None:
            feed(process, command["stdin"])
        return process

    def result(self, index, command, process):
        status, out, err = finish(process, command["timeoutNs"])
        return {
            "step": index,
            "on": command["on"],
            "run": command["run"],
            "status": status,
            "stdout": out.replace(" congctl cubic", "").replace(CUBIC_JSON, ""),
            "stderr": err,
        }

    def routes_may_have_changed(self, step):
        # Not after what only asks: even that makes the kernel look at carriers that have changed
        if CHANGES_ROUTES.search(step["run"]):
            self.choose_cubic(step["on"])

    def wait(self, duration):
        time.sleep(duration / NS_PER_S)


def route_words(line):
    """The words of a line of `ip -o route`, without what is not the route's own."""
    return [word for word in line.replace("\\", " ").split() if word not in ("linkdown", "dead")]


def route_key(words):
    """What no two routes have in common but those that stand beside each other: destination, table, TOS, metric."""
    destination = words[1] if words[0] in ("local", "unicast") else words[0]
    return [destination, *(words[words.index(name) + 1] if name in words else "" for name in ("table", "tos", "metric"))]


def without_congctl(words):
    if "congctl" not in words:
        return words
    at = words.index("congctl")
    return words[:at] + words[at + 2 :]


def with_congctl(words):
    """The route with CUBIC; of several ways, the route's own settings stand before the first."""
    words = without_congctl(words)
    at = words.index("nexthop") if "nexthop" in words else len(words)
    return [*words[:at], "congctl", "cubic", *words[at:]]


def is_bridge(device):
    """Whether a device of the thread's namespace is a bridge."""
    return f" {device}:" in run(["ip", "-o", "link", "show", "type", "bridge"])


def slot_for(longest):
    """The size of a ring's slots: a power of two, for frames of this length."""
    slot = 2048
    while slot < longest + SLOT_HEAD:
        slot *= 2
    return slot


def silence(namespace):
    """Keeps IPv6 and IGMP from saying anything; the calling thread is in the namespace."""
    namespace.sysctl("net.ipv4.igmp_link_local_mcast_reports", 0)
    for kind in ("all", "default"):
        namespace.sysctl(f"net.ipv6.conf.{kind}.disable_ipv6", 1)


def feed(process, text):
    """Gives a program its standard input, as a process of its own would."""
    pipe, process.stdin = process.stdin, None  # no longer for `communicate` to close

    def write():
        try:
            pipe.write(text.encode())
            pipe.close()
        except BrokenPipeError:
            pass

    threading.Thread(target=write, daemon=True).start()


def finish(process, timeout):
    """Waits for a program, at most `timeout` ns: (exit status, standard output, standard error)."""
    try:
        out, err = process.communicate(timeout=timeout / NS_PER_S)
        status = process.returncode
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        out, err = process.communicate()
        status = TIMED_OUT
    return (status if status >= 0 else 128 - status, text_of(out), text_of(err))


def text_of(data):
    return data.decode("utf-8", "backslashreplace")


def end_with_parent():
    """Ends this process, and so everything in its namespaces, when the one that started it is gone."""

    def watch():
        while os.read(0, 1):
            pass
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def main():
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: os._exit(1))
    plan = json.loads(sys.stdin.readline())
    end_with_parent()
    if plan["cpu"] is not None:
        os.sched_setaffinity(0, {plan["cpu"]})
    os.nice(NICENESS)
    try:
        answer = Engine(plan).carry_out()
    except EngineError as error:
        answer = {"error": str(error)}
    except (OSError, subprocess.SubprocessError) as error:
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
