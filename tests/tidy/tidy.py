"""The tidy test: rules about the tree that no compiler checks. `tidy.py ROOT [--build DIR]`."""

import argparse
import pathlib
import sys

import layers
import names
import shape
import symbols
from tree import Tree, Violation

TEXT_RULES = [
    layers.check_layers,
    names.check_banned,
    names.check_task_views,
    names.check_awaited_aggregates,
    names.check_fixme,
    names.check_todo,
    shape.check_listed,
    shape.check_width,
    shape.check_titles,
]


def unused_allowances(tree, skipped):
    """An exception that nothing needs any more hides the next violation: it has to go."""
    for path in tree.allow_folder.glob("*.txt"):
        if path.stem not in skipped:
            tree.allow(path.stem)
    for rule, allow in sorted(tree.allows.items()):
        where = f"tests/tidy/allow/{rule}.txt"
        for number in allow.bad:
            yield Violation(where, number, "allow", "not `path glob | token | reason`")
        for number, glob, token, _ in allow.entries:
            if number not in allow.used:
                message = f"nothing needs '{glob} | {token}' any more"
                yield Violation(where, number, "allow", message)


def run(root, allow_folder, build=None, cache=None):
    tree = Tree(root, allow_folder)
    found = []
    for rule in TEXT_RULES:
        found += rule(tree)
    skipped = set()
    if cache is not None:
        found += shape.check_headers(tree, cache)
    else:
        skipped.add("headers")
    if build is not None:
        found += symbols.check_symbols(tree, build)
    else:
        skipped.add("symbols")
    found += unused_allowances(tree, skipped)
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("root", type=pathlib.Path)
    parser.add_argument("--build", type=pathlib.Path, help="folder with the core libraries")
    parser.add_argument("--no-headers", action="store_true", help="skip compiling headers alone")
    args = parser.parse_args()
    root = args.root.resolve()
    cache = None if args.no_headers else root / "build" / ".tidy-headers"
    found = run(root, root / "tests" / "tidy" / "allow", args.build, cache)
    for violation in found:
        print(violation)
    print(f"tidy: {len(found)} violations")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
