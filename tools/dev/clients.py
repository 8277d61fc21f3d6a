"""Installs the published Fluvio clients that the end-to-end tests drive, at pinned versions."""

import re
import shutil
import sys

import common

SOURCE = common.ROOT / "tests" / "e2e" / "clients"
TARGET = common.BUILD / "clients"
PYTHON = TARGET / "py" / "bin" / "python"
NODE_MODULES = TARGET / "node" / "node_modules"
NODE_PACKAGE = NODE_MODULES / "@fluvio" / "client"
RUST_PROGRAM = TARGET / "rust" / "release" / "weir-e2e-client"

# The oldest compiler that the locked crates build with; Debian's plain `cargo` is older.
CARGO_VERSION_MIN = (1, 85)
NODE_VERSION_MIN = (16, 0)


def inputs():
    """Files whose change means that the clients must be set up again."""
    names = [
        "python/requirements.txt",
        "node/package.json",
        "node/package-lock.json",
        "rust/Cargo.toml",
        "rust/Cargo.lock",
        "rust/src/main.rs",
    ]
    return [SOURCE / name for name in names]


def are_present():
    needed = [PYTHON, NODE_PACKAGE / "dist" / "index.js", RUST_PROGRAM]
    return all(path.exists() for path in needed)


def version_of(program):
    if not shutil.which(program):
        return None
    match = re.search(r"(\d+)\.(\d+)", common.quiet([program, "--version"]).stdout)
    return (int(match.group(1)), int(match.group(2))) if match else None


def ensure_tools():
    """Node, npm and cargo: what is on PATH if it is recent enough, else Debian's packages."""
    import setup

    wanted = []
    node = version_of("node")
    if node is None or node < NODE_VERSION_MIN:
        wanted.append("nodejs")
    if version_of("npm") is None:
        wanted.append("npm")
    cargo = version_of("cargo")
    if cargo is None:
        # The browser toolchain of Debian's security suite; the plain package is years behind.
        wanted += ["cargo-web", "rustc-web"]
    elif cargo < CARGO_VERSION_MIN:
        found = ".".join(str(part) for part in cargo)
        needed = ".".join(str(part) for part in CARGO_VERSION_MIN)
        raise common.Failure(
            f"cargo {found} is too old for the Rust client, {needed} or newer is needed",
            "Remove the packages `cargo` and `rustc`; ./dev test then installs `cargo-web` itself.",
        )
    if wanted:
        setup.install(wanted)


def install_python():
    if not PYTHON.exists():
        command = [sys.executable, "-m", "venv", TARGET / "py"]
        common.logged("python venv", command, "client-venv.log", "Install python3-venv.")
    command = [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
               "--only-binary", "fluvio", "--requirement", SOURCE / "python" / "requirements.txt"]
    common.logged("pip install", command, "client-pip.log")


def install_node():
    folder = TARGET / "node"
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copyfile(SOURCE / "node" / name, folder / name)
    # Without its scripts: the post-install one fetches a binary that the package already holds.
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    common.logged("npm ci", command, "client-npm.log", cwd=folder)
    # What its post-install script would do besides: the wrapper is published as TypeScript.
    compiler = folder / "node_modules" / "typescript" / "bin" / "tsc"
    command = ["node", compiler, "-p", "."]
    common.logged("tsc", command, "client-tsc.log", cwd=NODE_PACKAGE)


def install_rust():
    env = common.environment()
    env["CARGO_TARGET_DIR"] = str(TARGET / "rust")
    env.setdefault("CARGO_TERM_COLOR", "never")
    command = ["cargo", "build", "--release", "--locked"]
    common.logged("cargo build", command, "client-cargo.log", cwd=SOURCE / "rust", env=env)


def install_all():
    TARGET.mkdir(parents=True, exist_ok=True)
    ensure_tools()
    install_python()
    install_node()
    install_rust()
