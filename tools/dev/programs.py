"""`./dev sim`, `./dev fuzz` and `./dev bench`: build a program, then run it in the foreground."""

import json
import os
import shutil
import subprocess
import time

import build
import common
import setup

FUZZ_SECONDS = 30
CORPUS = common.ROOT / "fuzz" / "corpus"
# What the fuzzer found on top of the committed corpus; kept between runs.
GROWN = common.BUILD / "fuzz-corpus"
ARTIFACTS = common.BUILD / "fuzz-artifacts"


def exec_program(command):
    os.execve(str(command[0]), [str(part) for part in command], common.environment())


def sim(args):
    setup.ensure_base()
    build.build_programs(names=["weir-sim"])
    if not args:
        args = ["list"]
    exec_program([common.RELEASE_BIN / "weir-sim", *args])


def fuzz_targets():
    """Target names, read from the weir_fuzz declarations: no build needed to list them."""
    names = []
    for path in sorted((common.ROOT / "fuzz").rglob("CMakeLists.txt")):
        text = path.read_text(encoding="utf-8")
        for part in text.split("weir_fuzz(")[1:]:
            words = part.split(")")[0].split()
            if "NAME" in words:
                names.append(words[words.index("NAME") + 1])
    return names


def fuzz_command(target, seconds, grown):
    """`grown` is the folder where new inputs are kept, and taken from."""
    for folder in (grown, ARTIFACTS, CORPUS / target):
        folder.mkdir(parents=True, exist_ok=True)
    return [
        build.folder_of("fuzz") / "fuzz" / target,
        grown,
        CORPUS / target,
        f"-max_total_time={seconds}",
        f"-artifact_prefix={ARTIFACTS}/{target}-",
        "-timeout=10",
        "-rss_limit_mb=2048",
        "-print_final_stats=1",
    ]


def fuzz(args):
    targets = fuzz_targets()
    if not args:
        common.say("usage: ./dev fuzz TARGET [--seconds N]; targets:")
        for name in targets:
            common.say(f"  {name}")
        return 0
    target = args[0]
    seconds = FUZZ_SECONDS
    if len(args) == 3 and args[1] == "--seconds" and args[2].isdigit():
        seconds = int(args[2])
    elif len(args) != 1:
        raise common.Failure("fuzz: wrong arguments", "usage: ./dev fuzz TARGET [--seconds N]")
    if target not in targets:
        raise common.Failure(
            f"there is no fuzz target '{target}'", f"Targets: {', '.join(targets) or 'none'}"
        )
    setup.ensure_base()
    build.build("fuzz", [target])
    exec_program(fuzz_command(target, seconds, GROWN / target))
    return 0


def run_fuzz_targets(seconds=FUZZ_SECONDS):
    """All targets, as many at a time as there are processors. Returns [(target, passed)].

    One seed and the committed corpus only, so that a run can be had again: `./dev fuzz` is what
    looks for new inputs, each time with another seed and all it has found so far."""
    targets = fuzz_targets()
    build.build("fuzz", targets)
    common.LOGS.mkdir(parents=True, exist_ok=True)
    meter = common.Meter("fuzz")
    waiting = list(targets)
    running = []
    results = []
    while waiting or running:
        while waiting and len(running) < common.cpu_count():
            target = waiting.pop(0)
            grown = common.BUILD / "fuzz-gate" / target
            shutil.rmtree(grown, ignore_errors=True)
            log = open(common.LOGS / f"fuzz-{target}.log", "w", encoding="utf-8")
            child = subprocess.Popen(
                [str(part) for part in [*fuzz_command(target, seconds, grown), "-seed=1"]],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=common.environment(),
            )
            running.append((target, child, log))
        time.sleep(0.2)
        meter.update(len(results), len(targets), " ".join(item[0] for item in running))
        for item in list(running):
            target, child, log = item
            if child.poll() is None:
                continue
            running.remove(item)
            log.close()
            results.append((target, child.returncode == 0))
            if child.returncode != 0:
                tail = (common.LOGS / f"fuzz-{target}.log").read_text("utf-8", "replace")
                common.say("\n".join(tail.splitlines()[-40:]))
                common.say(f"      fuzz target {target} failed; the input is in {ARTIFACTS}")
    return results


def bench(args):
    setup.ensure_base()
    build.configure("release")
    names = [name for name in build.targets_of("release") if name.endswith("_bench")]
    wanted = [name for name in names if not args or args[0] in name]
    if not wanted:
        raise common.Failure("no benchmark matches", f"Known: {', '.join(names) or 'none'}")
    common.ninja(build.folder_of("release"), wanted, "release")
    merged = {}
    code = 0
    for name in wanted:
        report = common.BUILD / "bench" / f"{name}.json"
        report.parent.mkdir(parents=True, exist_ok=True)
        report.unlink(missing_ok=True)
        common.say(f"bench: {name}")
        command = [build.folder_of("release") / "bench" / name, "--json", report]
        done = subprocess.run([str(c) for c in command], env=common.environment(),
                              stdin=subprocess.DEVNULL, check=False)
        code = code or done.returncode
        if report.exists():
            merged[name] = json.loads(report.read_text(encoding="utf-8"))
    out = common.BUILD / "bench" / "bench.json"
    out.write_text(json.dumps(merged, indent=2) + "\n", encoding="utf-8")
    common.say(f"bench: figures as JSON in {out.relative_to(common.ROOT)}")
    missed = [row["name"] for report in merged.values() for row in report.get("rows", [])
              if row.get("met") is False]
    for name in missed:
        common.say(f"bench: goal missed: {name}")
    return code or (1 if missed else 0)


def main(verb, args):
    if verb == "sim":
        return sim(args)
    if verb == "fuzz":
        return fuzz(args)
    return bench(args)
