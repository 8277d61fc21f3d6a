"""`./dev setup`: install missing Debian packages and, for the tests, the published clients."""

import hashlib
import os
import re

import clients
import common

STAMPS = common.BUILD / ".setup"
PACKAGE_FILES = {"base": "packages.txt", "clients": "packages-clients.txt"}


def read_packages(name):
    path = common.ROOT / "tools" / "dev" / PACKAGE_FILES[name]
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def digest(paths):
    value = hashlib.sha256()
    for path in paths:
        value.update(path.name.encode())
        value.update(path.read_bytes())
    return value.hexdigest()


def is_stamped(name, paths):
    stamp = STAMPS / name
    return stamp.exists() and stamp.read_text(encoding="utf-8") == digest(paths)


def write_stamp(name, paths):
    STAMPS.mkdir(parents=True, exist_ok=True)
    (STAMPS / name).write_text(digest(paths), encoding="utf-8")


def missing_packages(packages):
    """One dpkg-query call for all of them; unknown names are missing too."""
    done = common.quiet(
        ["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n", *packages]
    )
    installed = set()
    for line in done.stdout.splitlines():
        match = re.match(r"^(\S+) installed$", line)
        if match:
            installed.add(match.group(1))
    return [package for package in packages if package not in installed]


def install(packages):
    env = common.environment()
    env["DEBIAN_FRONTEND"] = "noninteractive"
    common.say(f"      installing {len(packages)} packages: {' '.join(packages)}")
    hint = "Check that the package server can be reached, then run ./dev setup again."
    update = ["apt-get", "update", "-q"]
    common.logged("apt-get update", common.as_root(update), "apt-update.log", hint, env=env)
    command = ["apt-get", "install", "-y", "-q", "--no-install-recommends", *packages]
    common.logged("apt-get install", common.as_root(command), "apt-install.log", hint, env=env)


def ensure_packages(name):
    path = common.ROOT / "tools" / "dev" / PACKAGE_FILES[name]
    if is_stamped(name, [path]):
        return
    missing = missing_packages(read_packages(name))
    if missing:
        install(missing)
        still = missing_packages(missing)
        if still:
            raise common.Failure(
                f"not installed although apt reported success: {' '.join(still)}",
                "Weir is built on Debian 12; on another system install their equivalents.",
            )
    write_stamp(name, [path])


def ensure_base():
    ensure_packages("base")


def ensure_clients():
    """Everything the end-to-end tests need beyond the build."""
    if not clients.are_present():
        ensure_packages("clients")
        clients.install_all()
    clients.link()


def main(args):
    with_clients = "--clients" in args or os.environ.get("WEIR_SETUP_CLIENTS") == "1"
    unknown = [arg for arg in args if arg != "--clients"]
    if unknown:
        raise common.Failure(f"setup: unknown argument {unknown[0]}", "Known: --clients")
    ensure_base()
    if with_clients:
        ensure_clients()
    common.say("setup: everything is installed")
    return 0
