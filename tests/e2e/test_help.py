"""Every verb of the command line explains itself with an example, and shells can complete it."""

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


def complete_in_bash(weir, words):
    script = (f'source <("{weir}" completions bash); COMP_WORDS=({" ".join(words)}); '
              f'COMP_CWORD={len(words) - 1}; _weir; echo "${{COMPREPLY[@]}}"')
    return run("bash", "-c", script).split()


def check_completions(weir):
    assert complete_in_bash(weir, ["weir", "topic", "pu"]) == ["purge"]
    assert complete_in_bash(weir, ["weir", "topic", "update", "--ret"]) == ["--retention-time"]
    for shell in ("bash", "zsh", "fish"):
        script = run(weir, "completions", shell)
        assert "delete-records" in script and "diagnostics" in script, shell
        if shutil.which(shell):
            done = subprocess.run([shell, "-n"], input=script.encode(), capture_output=True)
            assert done.returncode == 0, (shell, done.stderr)


def main(bin_dir):
    weir = f"{bin_dir}/weir"
    count = check_verb(weir, [])
    assert count > 40, count
    check_completions(weir)
    print(f"help: {count} verbs with an example, completions for three shells")


if __name__ == "__main__":
    main(sys.argv[1])
