"""Every verb of the command line explains itself with an example, shells can complete it, and
docs/compatibility.md has them all."""

import pathlib
import re
import shutil
import subprocess
import sys


def run(*args):
    done = subprocess.run(args, capture_output=True, check=False, timeout=60)
    assert done.returncode == 0, (args, done.stderr.decode())
    return done.stdout.decode()


def subcommands(text):
    """The words of the section of that name, which ends with an empty line."""
    section = re.search(r"^Subcommands:\n((?:  .*\n)+)", text, re.MULTILINE)
    lines = section.group(1).splitlines() if section else []
    # A line that is further in goes on with the text of the one before.
    return [line.split()[0].rstrip(",") for line in lines if re.match(r"  \S", line)]


def check_verb(weir, path):
    """Its help, and that of all below; returns how many verbs these are."""
    text = run(weir, *path, "--help")
    # Both `weir spu` and `weir cluster spu`, with the examples of the short one.
    named = path[1:] if path[:2] == ["cluster", "spu"] else path
    words = " ".join(["weir", *named])
    example = text.partition("\nExample:\n")[2]
    assert example.strip(), f"{words} has no example"
    assert any(re.search(rf"\b{re.escape(words)}\b", line) for line in example.splitlines()), words
    below = subcommands(text)
    for line in example.splitlines():
        # Only with flags that there are.
        for flag in re.findall(rf"^\s*{re.escape(words)} .*?(--[a-z-]+)", line):
            assert below or flag in text, (words, flag)
    return 1 + sum(check_verb(weir, [*path, verb]) for verb in below)


def verbs_below(weir, path):
    """The verbs that nothing follows, as their words."""
    below = subcommands(run(weir, *path, "--help"))
    if not below:
        return [" ".join(path)]
    return [verb for word in below for verb in verbs_below(weir, [*path, word])]


def documented_verbs():
    """Verb to whether it works, and what its last column says."""
    text = (pathlib.Path(__file__).resolve().parents[2] / "docs" / "compatibility.md").read_text(
        encoding="utf-8")
    section = text.partition("\n| Verb | In Fluvio 0.18 | Works |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| `([a-z0-9 -]+)` \| (?:yes|no) \| (yes|no) \| (.*) \|$", section,
                      re.MULTILINE)
    assert len(rows) == section.count("\n") - 1, "a row of the table of verbs is malformed"
    assert len(rows) == len({row[0] for row in rows}), "a verb is there twice"
    return {verb: (works == "yes", remark) for verb, works, remark in rows}


def check_documented(weir):
    there = set(verbs_below(weir, []))
    # `spu` stands for `cluster spu`.
    assert all(f"cluster {verb}" in there for verb in there if verb.startswith("spu "))
    there = {verb for verb in there if not verb.startswith("spu ")}
    documented = documented_verbs()
    assert there == set(documented), there ^ set(documented)
    for verb, (works, remark) in documented.items():
        if not works:
            # Whatever follows it.
            done = subprocess.run([weir, *verb.split(), "word", "--flag", "-x"],
                                  capture_output=True, check=False, timeout=60)
            assert done.returncode == 1, (verb, done)
            for text in re.findall(r"`([^`]+)`", remark):
                assert text in done.stderr.decode(), (verb, text, done.stderr)
    return len(documented)


def complete_in_bash(weir, words):
    script = (f'source <("{weir}" completions bash); COMP_WORDS=({" ".join(words)}); '
              f'COMP_CWORD={len(words) - 1}; _weir; echo "${{COMPREPLY[@]}}"')
    return run("bash", "-c", script).split()


def check_completions(weir):
    assert complete_in_bash(weir, ["weir", "topic", "pu"]) == ["purge"]
    assert complete_in_bash(weir, ["weir", "topic", "update", "--ret"]) == ["--retention-time"]
    assert complete_in_bash(weir, ["weir", "cluster", "spg", "cr"]) == ["create"]
    # By another name, too.
    assert complete_in_bash(weir, ["weir", "sm", "wa"]) == ["watch"]
    assert complete_in_bash(weir, ["weir", "topic", "alter", "--ret"]) == ["--retention-time"]
    assert complete_in_bash(weir, ["weir", "remote", "export", "--home"]) == ["--home-id"]
    for shell in ("bash", "zsh", "fish"):
        script = run(weir, "completions", shell)
        for verb in verbs_below(weir, []):
            *group, last = verb.split()
            if shell == "fish":
                seen = "; and ".join(f"__fish_seen_subcommand_from {word}" for word in group)
                line = f"-n '{seen or '__fish_use_subcommand'}' -a '"
            else:
                line = f'"{" ".join(group)}") COMPREPLY=($(compgen -W "'
            words = re.findall(rf"{re.escape(line)}([^'\"]*)", script)
            assert len(words) == 1 and last in words[0].split(), (shell, verb)
        if shutil.which(shell):
            done = subprocess.run([shell, "-n"], input=script.encode(), capture_output=True)
            assert done.returncode == 0, (shell, done.stderr)


def main(bin_dir):
    weir = f"{bin_dir}/weir"
    count = check_verb(weir, [])
    assert count > 40, count
    documented = check_documented(weir)
    check_completions(weir)
    print(f"help: {count} verbs with an example, {documented} documented, completions for three "
          "shells")


if __name__ == "__main__":
    main(sys.argv[1])
