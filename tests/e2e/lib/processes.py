"""Finding, killing and restarting the server processes of one test cluster."""

import os
import signal
import subprocess
import time


class Server:
    """A weir-run process: how it was started, so that it can be started again after a kill."""

    def __init__(self, pid, argv, environ, cwd):
        self.pid = pid
        self.argv = argv
        self.environ = environ
        self.cwd = cwd
        self.child = None

    @property
    def role(self):
        return self.argv[1]

    @property
    def spu_id(self):
        for flag in ("-i", "--id"):
            if flag in self.argv:
                return int(self.argv[self.argv.index(flag) + 1])
        return None

    def kill(self, how=signal.SIGKILL):
        os.kill(self.pid, how)
        if self.child:
            self.child.wait(timeout=30)
            self.child = None
        wait_until(lambda: not is_alive(self.pid), 30, f"the end of process {self.pid}")

    def restart(self, log_path):
        log = open(log_path, "ab")
        self.child = subprocess.Popen(self.argv, env=self.environ, cwd=self.cwd, stdout=log,
                                      stderr=log, stdin=subprocess.DEVNULL)
        log.close()
        self.pid = self.child.pid


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def read_nul_list(path):
    with open(path, "rb") as file:
        return [part.decode() for part in file.read().split(b"\0") if part]


def find_servers(data_dir):
    """The weir-run processes whose command line names `data_dir`."""
    found = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            argv = read_nul_list(f"/proc/{entry}/cmdline")
            if not argv or os.path.basename(argv[0]) not in ("weir-run", "fluvio-run"):
                continue
            if not any(str(data_dir) in word for word in argv) or not is_alive(int(entry)):
                continue
            environ = dict(word.split("=", 1) for word in read_nul_list(f"/proc/{entry}/environ"))
            found.append(Server(int(entry), argv, environ, os.readlink(f"/proc/{entry}/cwd")))
        except (OSError, IndexError):
            continue
    return sorted(found, key=lambda server: (server.role, server.spu_id or 0))


def wait_until(condition, timeout_s, what):
    """Poll an outside state; the only waiting in these tests that is not for an answer."""
    deadline = time.monotonic() + timeout_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout_s} s in vain for {what}")
        time.sleep(0.02)
