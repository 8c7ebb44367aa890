"""Network namespaces, veth pairs and programs inside them, by the means of iproute2 and of system calls.

Everything here happens in the mount, process and host-name namespaces that the engine was started in, so that names
of network namespaces collide with nobody's and the kernel takes everything away with the engine's process.
"""

import ctypes
import os
import subprocess

CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWNET = 0x40000000
MS_NOSUID, MS_NODEV, MS_BIND = 2, 4, 4096

LIBC = ctypes.CDLL(None, use_errno=True)

# Where what is made for a lab stands: a file system of the engine's own
PROGRAMS, FILES, BINDS = "/run/programs", "/run/files", "/run/binds"
PATH = PROGRAMS + ":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
ENVIRONMENT = {"PATH": PATH, "LC_ALL": "C", "HOME": "/nonexistent", "TERM": "dumb"}

# What a look-up of a name reads: where a lab says nothing, as on a host without name servers
RESOLVER_FILES = {
    "/etc/hosts": b"127.0.0.1 localhost\n",
    "/etc/nsswitch.conf": b"hosts: files dns\n",
    "/etc/resolv.conf": b"",
}


class EngineError(Exception):
    """What could not be carried out; the text is for the user."""


def check(result):
    """The result of a system call; raises what errno says."""
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return result


def private_mounts():
    """Gives this mount namespace its own /run and /tmp, with the programs that only labs have."""
    beside = os.path.join(os.path.dirname(os.path.abspath(__file__)), "programs")
    programs = {}
    for name in os.listdir(beside):
        with open(os.path.join(beside, name), "rb") as file:
            programs[name] = file.read()
    for target in ("/run", "/tmp"):
        check(LIBC.mount(b"none", target.encode(), b"tmpfs", MS_NODEV | MS_NOSUID, None))
    os.makedirs("/run/netns")
    os.makedirs(PROGRAMS)
    for name, text in programs.items():
        path = os.path.join(PROGRAMS, name)
        with open(path, "wb") as file:
            file.write(text)
        os.chmod(path, 0o755)


class Namespace:
    """One host of a lab."""

    def __init__(self, name):
        self.name = name
        self.directory = f"{FILES}/{name}"
        self.binds = {}
        os.makedirs(self.directory)
        for path, data in RESOLVER_FILES.items():
            if os.path.exists(path):
                self.file(path, data)
        run(["ip", "netns", "add", name])
        self.descriptor = os.open(f"/run/netns/{name}", os.O_RDONLY | os.O_CLOEXEC)

    def enter(self):
        """Moves the calling thread into the network namespace; /proc/sys/net is then this host's."""
        check(LIBC.setns(self.descriptor, CLONE_NEWNET))

    def sysctl(self, name, value):
        """Sets a sysctl; the calling thread is in the namespace."""
        path = "/proc/sys/" + name.replace("/", "\0").replace(".", "/").replace("\0", ".")
        try:
            with open(path, "w", encoding="ascii") as file:
                file.write(str(value))
        except OSError as error:
            raise EngineError(f"{self.name}: sysctl {name} = {value}: {error.strerror}") from error

    def file(self, path, data):
        """Puts a file where the programs of this host see it."""
        if os.path.isabs(path):
            copy = f"{BINDS}/{self.name}{path}"
            self.binds[path] = copy
        else:
            copy = os.path.join(self.directory, path)
        os.makedirs(os.path.dirname(copy), exist_ok=True)
        with open(copy, "wb") as file:
            file.write(data)

    def become(self):
        """In a new process, before the program: the network, /sys, the host name and files of this host."""
        os.setsid()
        self.enter()
        check(LIBC.unshare(CLONE_NEWNS | CLONE_NEWUTS))
        check(LIBC.mount(b"sysfs", b"/sys", b"sysfs", 0, None))
        check(LIBC.sethostname(self.name.encode(), len(self.name)))
        for path, copy in self.binds.items():
            check(LIBC.mount(copy.encode(), path.encode(), None, MS_BIND, None))
        os.chdir(self.directory)

    def start(self, command, stdin=None, output=True):
        """Starts a command line, as sh reads it."""
        pipe = subprocess.PIPE if output else subprocess.DEVNULL
        process = subprocess.Popen(
            words_of(command),
            preexec_fn=self.become,
            env=ENVIRONMENT,
            stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
            stdout=pipe,
            stderr=pipe,
        )
        return process


def words_of(command):
    """The program and its arguments; sh where the line needs one. `exec`, so that a signal meets the program."""
    if any(character in command for character in "|&;<>()$`\\\"'*?[]#~=%\n"):
        if any(character in command for character in "|&;\n"):
            return ["/bin/bash", "-c", command]
        return ["/bin/bash", "-c", "exec " + command]
    return command.split()


def run(words, stdin=None):
    """Runs a program of the engine itself, which must succeed."""
    done = subprocess.run(words, input=stdin, capture_output=True, env=ENVIRONMENT, check=False, text=True)
    if done.returncode != 0:
        raise EngineError(f"{' '.join(words)}: {done.stderr.strip() or done.returncode}")
    return done.stdout
