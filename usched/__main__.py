"""`usched`, and `python -m usched`."""

from __future__ import annotations

import gc
import sys


def main() -> None:
    """Run the command and exit with its status; does not return."""
    # A command makes next to no cycles and is soon over, but the collector would go through all
    # that it holds again and again: a third of the time of a batch of 100,000 statements.
    gc.disable()
    try:
        from usched.face import ending

        ending.open_missing_descriptors()
        ending.catch_signals()
        try:
            from usched.face.app import run

            status = run()
            ending.settle()
        except BaseException:
            # C code in between may make another error of it, as the compiler does of what befalls
            # an import of its own
            if not ending.arrived:
                raise
            status = ending.say_interrupted(ending.arrived[0])
        ending.leave(status)
    except KeyboardInterrupt:  # before there was anything to catch it
        print("usched: interrupted", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
