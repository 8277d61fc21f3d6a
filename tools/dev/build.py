"""`./dev build [PRESET]`, and the configure and build steps that other verbs use."""

import json

import common
import setup

# What a release build makes by default. Tests and benchmarks are built where they are run.
PROGRAMS = ["weir", "weir-run", "weir-sim"]


def preset_names():
    presets = json.loads((common.ROOT / "CMakePresets.json").read_text(encoding="utf-8"))
    return [p["name"] for p in presets["configurePresets"] if not p.get("hidden")]


def folder_of(preset):
    return common.BUILD / preset


def description():
    """What decides how a folder is configured: the presets, and which CMake files there are."""
    presets = (common.ROOT / "CMakePresets.json").read_text(encoding="utf-8")
    files = [
        str(path.relative_to(common.ROOT))
        for folder in common.ROOT.iterdir() if folder.is_dir() and folder.name[0] != "."
        if folder != common.BUILD
        for path in folder.rglob("CMakeLists.txt")
    ]
    return presets + "\n".join(sorted(files))


def configure(preset):
    """When its description changed; ninja itself reruns CMake when a known CMake file changed."""
    folder = folder_of(preset)
    stamp = folder / ".presets"
    wanted = description()
    if (folder / "build.ninja").exists() and stamp.exists():
        if stamp.read_text(encoding="utf-8") == wanted:
            return
    command = ["cmake", "--preset", preset, "-B", folder]
    common.logged(f"configure {preset}", command, f"configure-{preset}.log", cwd=common.ROOT)
    stamp.write_text(wanted, encoding="utf-8")


def targets_of(preset):
    """Names that `ninja NAME` accepts for things we declared (phony aliases of CMake targets)."""
    done = common.quiet(["ninja", "-C", folder_of(preset), "-t", "targets", "all"])
    names = []
    for line in done.stdout.splitlines():
        name, _, rule = line.rpartition(": ")
        ours = "/" not in name and "." not in name and not name.startswith("cmake_")
        if rule == "phony" and ours:
            names.append(name)
    return names


def tests_of(preset, labels):
    """[(name, label)] of the ctest entries with one of `labels`."""
    done = common.quiet(["ctest", "--test-dir", folder_of(preset), "--show-only=json-v1"])
    start = done.stdout.find("{")
    if done.returncode != 0 or start < 0:
        raise common.Failure(f"ctest cannot list the tests of {preset}:\n{done.stdout[-2000:]}")
    found = []
    for test in json.loads(done.stdout[start:])["tests"]:
        for item in test.get("properties", []):
            if item["name"] == "LABELS":
                for label in item["value"]:
                    if label in labels:
                        found.append((test["name"], label))
    return found


def build(preset, targets=()):
    configure(preset)
    common.ninja(folder_of(preset), list(targets), preset)


def build_programs(preset="release", names=PROGRAMS):
    configure(preset)
    known = set(targets_of(preset))
    absent = [name for name in names if name not in known]
    if absent:
        raise common.Failure(
            f"the build has no target named {', '.join(absent)}",
            "apps/CMakeLists.txt declares the programs.",
        )
    common.ninja(folder_of(preset), names, preset)


def main(args):
    preset = args[0] if args else "release"
    if preset not in preset_names():
        raise common.Failure(
            f"there is no preset '{preset}'", f"Known presets: {', '.join(preset_names())}"
        )
    setup.ensure_base()
    common.say(f"build: preset {preset}")
    if preset == "release":
        build_programs()
        common.say(f"build: programs are in {common.RELEASE_BIN.relative_to(common.ROOT)}/")
    else:
        build(preset)
        common.say(f"build: done, {folder_of(preset).relative_to(common.ROOT)}")
    return 0
