"""A network of the test's own, in which the link of a machine can be cut.

`enter` starts the test again inside new namespaces, as root or through a user namespace: addresses
and ports are then nobody else's, and nothing is left behind. Each machine is a network namespace on
one bridge. Where that is not allowed, machines are addresses of the loopback device, and no link
can be cut.
"""

import os
import random
import subprocess
import sys

ENTERED = "WEIR_E2E_NETWORK"
OWN = "10.77.0"
SET_UP = ("mount -t tmpfs tmpfs /run && mkdir -p /run/netns && ip link set lo up"
          " && ip link add name net0 type bridge && ip addr add 10.77.0.1/24 dev net0"
          " && ip link set net0 up")


def run(*words):
    subprocess.run(words, check=True, capture_output=True)


def enter():
    """Returns only inside; the process that calls it is replaced."""
    if ENTERED in os.environ:
        return
    for user in ([], ["--user", "--map-root-user"]):
        # All processes in it end with the test, however it ends.
        unshare = ["unshare", *user, "--net", "--mount", "--pid", "--fork", "--kill-child",
                   "--mount-proc", "sh", "-c"]
        probe = subprocess.run([*unshare, f"{SET_UP} && ip netns add probe"],
                               check=False, capture_output=True)
        if probe.returncode == 0:
            os.environ[ENTERED] = "own"
            os.execvp("unshare", [*unshare, f'{SET_UP} && exec "$@"', "sh", sys.executable, "-B",
                                  *sys.argv])
    os.environ[ENTERED] = "loopback"


class Network:
    def __init__(self):
        self.can_cut = os.environ[ENTERED] == "own"
        self.prefix = OWN
        if not self.can_cut:
            self.prefix = f"127.{random.randrange(1, 255)}.{random.randrange(1, 255)}"
        self.blocked = set()

    def add_machine(self, number):
        """The machine's address."""
        address = f"{self.prefix}.{number}"
        if self.can_cut:
            name = f"m{number}"
            run("ip", "netns", "add", name)
            run("ip", "link", "add", f"link{number}", "type", "veth", "peer", "name", "eth0",
                "netns", name)
            run("ip", "link", "set", f"link{number}", "master", "net0", "up")
            for words in (["addr", "add", f"{address}/24", "dev", "eth0"],
                          ["link", "set", "eth0", "up"], ["link", "set", "lo", "up"]):
                run("ip", "-n", name, *words)
        return address

    def command_on(self, number, argv):
        """What to execute so that `argv` runs on that machine, as the same process."""
        return [*(["nsenter", f"--net=/run/netns/m{number}"] if self.can_cut else []), *argv]

    def cut(self, number):
        """Nobody reaches it and it reaches nobody; what is sent gets lost without a word."""
        run("ip", "link", "set", f"link{number}", "down")

    def block(self, number, other):
        """What the one sends to the other gets lost; clients reach both."""
        run("ip", "-n", f"m{number}", "route", "add", "blackhole", f"{self.prefix}.{other}/32")
        self.blocked.add((number, other))

    def mend(self, number):
        run("ip", "link", "set", f"link{number}", "up")
        for pair in [pair for pair in self.blocked if number in pair]:
            run("ip", "-n", f"m{pair[0]}", "route", "del", "blackhole",
                f"{self.prefix}.{pair[1]}/32")
            self.blocked.remove(pair)
