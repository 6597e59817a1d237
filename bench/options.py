"""The command line that benchmarks share."""
import argparse
import pathlib

TREE = pathlib.Path(__file__).resolve().parent.parent


def parser(description, names):
    options = argparse.ArgumentParser(description=description)
    options.add_argument("figure", nargs="*", help=f"of {', '.join(names)}; all by default")
    options.add_argument("--folder", help="where the data goes; a temporary one by default")
    options.add_argument("--build", default=str(TREE / "build/release"), help="the release build")
    options.add_argument("--no-build", action="store_true", help="take the build as it is")
    options.add_argument("--record", action="store_true", help="write the table of docs/benchmarks.md")
    return options


def parse(options, names):
    """What was asked for; ends the program where a figure isn't one."""
    given = options.parse_args()
    for name in given.figure:
        if name not in names:
            options.error(f"no figure {name!r}; there are {', '.join(names)}")
    return given
