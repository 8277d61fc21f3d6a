"""`./dev fmt` and `./dev lint`: layout by clang-format, defects by clang-tidy."""

import concurrent.futures
import hashlib
import json

import build
import common
import setup

SOURCE_FOLDERS = ["core", "runtime", "sim-scenarios", "apps", "tests", "fuzz", "bench"]
LINT_STAMPS = common.BUILD / ".lint"


def sources():
    found = []
    for folder in SOURCE_FOLDERS:
        for suffix in ("*.h", "*.cc"):
            found += (common.ROOT / folder).rglob(suffix)
    return sorted(path for path in found if "build" not in path.relative_to(common.ROOT).parts)


def unformatted():
    """Files that clang-format would change."""
    bad = []
    files = sources()
    for start in range(0, len(files), 64):
        chunk = files[start : start + 64]
        done = common.quiet(["clang-format-19", "--dry-run", *chunk], cwd=common.ROOT)
        for line in done.stdout.splitlines():
            if "[-Wclang-format-violations]" in line:
                name = line.split(":")[0]
                if name not in bad:
                    bad.append(name)
    return bad


def check_format():
    bad = [name.removeprefix(str(common.ROOT) + "/") for name in unformatted()]
    if bad:
        listing = "\n".join(f"      {name}" for name in bad[:40])
        raise common.Failure(f"{len(bad)} files are not formatted:\n{listing}", "Run ./dev fmt.")


def format_all():
    files = sources()
    for start in range(0, len(files), 64):
        done = common.quiet(["clang-format-19", "-i", *files[start : start + 64]], cwd=common.ROOT)
        if done.returncode != 0:
            raise common.Failure(f"clang-format failed:\n{done.stdout[-2000:]}")
    common.say(f"fmt: {len(files)} files")


def changed_sources():
    """What differs from the last commit; when nothing does, what the last commit changed."""
    names = common.quiet(["git", "diff", "--name-only", "HEAD"], cwd=common.ROOT).stdout.split()
    names += common.quiet(
        ["git", "ls-files", "--others", "--exclude-standard"], cwd=common.ROOT
    ).stdout.split()
    if not any(name.endswith((".cc", ".h")) for name in names):
        names = common.quiet(
            ["git", "diff", "--name-only", "HEAD~1", "HEAD"], cwd=common.ROOT
        ).stdout.split()
    return [name for name in names if name.endswith(".cc") and (common.ROOT / name).exists()]


def lint_key(name, command):
    """A file is linted again when its text, its command or the rules change; headers are linted
    through the files that include them, which is good enough for a check of changed files."""
    value = hashlib.sha256()
    value.update((common.ROOT / name).read_bytes())
    value.update((common.ROOT / ".clang-tidy").read_bytes())
    value.update(command.encode())
    return value.hexdigest()


def lint(names):
    build.configure("dev")
    database = json.loads((build.folder_of("dev") / "compile_commands.json").read_text("utf-8"))
    commands = {entry["file"]: entry.get("command", "") for entry in database}
    LINT_STAMPS.mkdir(parents=True, exist_ok=True)
    todo = []
    for name in names:
        command = commands.get(str(common.ROOT / name))
        if command is None:
            continue
        stamp = LINT_STAMPS / lint_key(name, command)
        if not stamp.exists():
            todo.append((name, stamp))
    meter = common.Meter("lint")
    failures = []

    def one(item):
        name, _ = item
        tool = ["clang-tidy-19", "--quiet", "-p", build.folder_of("dev"), common.ROOT / name]
        return item, common.quiet(tool, cwd=common.ROOT)

    with concurrent.futures.ThreadPoolExecutor(common.cpu_count()) as pool:
        for done, (item, result) in enumerate(pool.map(one, todo), start=1):
            meter.update(done, len(todo), item[0])
            if result.returncode == 0:
                item[1].touch()
            else:
                failures.append(item[0])
                common.say(result.stdout.strip())
    if failures:
        raise common.Failure(
            f"clang-tidy objects to {len(failures)} files: {', '.join(failures)}",
            "The messages above name the lines; ./dev lint FILE checks one file again.",
        )
    return len(todo), len(names)


def main(verb, args):
    setup.ensure_base()
    if verb == "fmt":
        format_all()
        return 0
    linted, asked = lint(args or changed_sources())
    common.say(f"lint: {asked} files, {linted} of them new or changed, no objections")
    return 0
