"""``cmsml_tasks``: sets a folder up, and looks at model files; ``law run`` does the rest."""

from __future__ import annotations

import argparse
import sys

from cmsml_tasks import init, show
from cmsml_tasks.command_line.exit_status import exit_status
from cmsml_tasks.terminal import print_anything


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser(prog="cmsml_tasks", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")
    setting_up = commands.add_parser("init", help="write what a folder needs for law run")
    init.add_arguments(setting_up)
    setting_up.set_defaults(run=init.init)
    looking = commands.add_parser("show", help="say what is in a model file")
    show.add_arguments(looking)
    looking.set_defaults(run=show.show)
    print_anything()
    given = parser.parse_args(arguments)

    def run() -> int:
        print(given.run(given))
        return 0

    return exit_status(run)


if __name__ == "__main__":
    sys.exit(main())
