"""``python -m cmsml_tasks.runtimes install tf-2.12 tf-2.17`` and ``... list``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from cmsml_tasks.errors import UserError
from cmsml_tasks.runtimes.environments import Environment, environments, runtimes_folder
from cmsml_tasks.runtimes.install import install
from cmsml_tasks.runtimes.releases import RELEASES, parse_release
from cmsml_tasks.terminal import print_anything


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve the command line; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m cmsml_tasks.runtimes",
        description="Environments with other TensorFlow releases, for ValidateGraph --runtimes.",
        epilog="They lie in $CMSML_RUNTIMES, else ~/.cache/cmsml_tasks/runtimes.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    making = commands.add_parser("install", help="make environments that are not there yet")
    making.add_argument(
        "names", nargs="+", metavar="tf-X.Y", help=f"tf-{RELEASES[0]} to tf-{RELEASES[-1]}"
    )
    making.add_argument("--python", help="interpreter to make them with; default: one that fits")
    for command in (making, commands.add_parser("list", help="show what is there")):
        command.add_argument("--folder", help="where environments lie, in place of the above")
    print_anything()
    given = parser.parse_args(arguments)
    try:
        root = Path(given.folder).expanduser().absolute() if given.folder else runtimes_folder()
        if given.command == "list":
            _list(environments(root), str(root))
            return 0
        wanted = [Environment(parse_release(name), root) for name in given.names]
        for environment in wanted:
            install(environment, given.python, _say)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nstopped; nothing half-made is left to be taken for whole", file=sys.stderr)
        return 130
    return 0


def _list(there: Sequence[Environment], root: str) -> None:
    if not there:
        print(f"no environments in {root}; python -m cmsml_tasks.runtimes install tf-2.12")
    for environment in there:
        record = environment.record or {}
        print(
            f"{environment.name:<8} TensorFlow {record['tensorflow']:<8} Python "
            f"{record['python']:<8} {environment.folder}"
        )


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
