"""Dispatches `./dev VERB` to the module that implements it."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import common  # noqa: E402

USAGE = """usage: ./dev VERB [arguments]

  setup            install what is missing; does nothing the second time
  build [PRESET]   build (default: release, into build/release/bin)
  run [--once] [--data-dir DIR] [--port-base N]
                   start a local cluster, stream a real data set through it, sweep the simulator
  test             every test there is
  check            format, lint, tidy, unit, property and fast simulation tests
  sim ARGS         build and run weir-sim, for example: ./dev sim sweep --time 10s
  mutants [--subset] [--write]
                   which invariant catches which planted bug; --write: into the docs
  fuzz TARGET [--seconds N]
                   build and run one fuzz target; without TARGET, list them
  bench [FILTER]   build and run the benchmarks
  fmt              format all sources in place
  lint [FILES]     clang-tidy on the files changed since the last commit, or on FILES
"""


def dispatch(verb, args):
    # Imports are per verb: a broken module must not take the others down.
    if verb == "setup":
        import setup

        return setup.main(args)
    if verb == "build":
        import build

        return build.main(args)
    if verb == "run":
        import run

        return run.main(args)
    if verb in ("test", "check"):
        import checks

        return checks.main(verb, args)
    if verb in ("sim", "fuzz", "bench"):
        import programs

        return programs.main(verb, args)
    if verb == "mutants":
        import mutants

        return mutants.main(args)
    if verb in ("fmt", "lint"):
        import style

        return style.main(verb, args)
    sys.stderr.write(f"dev: unknown verb '{verb}'\n\n{USAGE}")
    return 2


def main():
    if len(sys.argv) < 2 or sys.argv[1] in ("-h", "--help", "help"):
        sys.stdout.write(USAGE)
        return 0 if len(sys.argv) > 1 else 2
    try:
        return dispatch(sys.argv[1], sys.argv[2:]) or 0
    except common.Failure as failure:
        common.say(f"dev: {failure}")
        if failure.hint:
            common.say(f"     {failure.hint}")
        return 1
    except KeyboardInterrupt:
        common.say("dev: interrupted")
        return 130


sys.exit(main())
