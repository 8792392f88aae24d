"""``python -m cmsml_tasks.tracking``: where a file came from, and making it again."""

from __future__ import annotations

import argparse
import os
import re
import sys
from pathlib import Path

from cmsml_tasks.errors import SettingsError, UserError
from cmsml_tasks.files import sha256_of
from cmsml_tasks.tracking.places import Place, place

_DIGEST = re.compile(r"[0-9a-f]{8,64}")


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m cmsml_tasks.tracking", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")
    store = os.environ.get("CMSML_STORE") or "store"

    origin = commands.add_parser("origin", help="find the manifests that speak of a file")
    origin.add_argument("file", help="any copy of the file, its SHA-256 digest, or a manifest")
    origin.add_argument(
        "--store", type=place, default=place(store), help=f"where to look; default: {store}"
    )
    origin.set_defaults(run=lambda given: _origin(given.file, given.store))

    rebuild = commands.add_parser(
        "rebuild", help="make the outputs of a manifest again and compare their bytes"
    )
    rebuild.add_argument("manifest", type=place, help="path or URL of the manifest")
    rebuild.set_defaults(run=lambda given: _rebuild(given.manifest))

    given = parser.parse_args(arguments)
    try:
        status: int = given.run(given)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return status


def _origin(subject: str, store: Place) -> int:
    from cmsml_tasks.tracking.manifest import Manifest
    from cmsml_tasks.tracking.provenance import find_manifests, origin_lines

    if isinstance(store, Path) and not store.is_dir():
        raise SettingsError(f"there is no store {store}; name it with --store")
    path = Path(subject)
    manifest = Manifest.read(place(subject))
    if manifest is not None:
        print("\n".join(origin_lines(place(subject), manifest, store=store)))
        return 0
    if path.exists():
        digest = sha256_of(path)
    elif _DIGEST.fullmatch(subject.lower()):
        digest = subject.lower()
    else:
        raise SettingsError(
            f"{subject} is neither a file nor a digest (8 to 64 of the characters 0-9 and a-f)"
        )
    found = find_manifests(store, digest)
    if not found:
        raise SettingsError(f"no manifest in {store} speaks of a file with the digest {digest}")
    for each in found:
        if each.makes:
            print(f"made as {', '.join(each.makes)}, says {each.path}")
            print("\n".join(origin_lines(each.path, each.manifest, store=store)))
    for each in found:
        if each.reads:
            print(f"read by {each.manifest.task}, says {each.path}")
    return 0


def _rebuild(manifest: Place) -> int:
    from cmsml_tasks.tracking.rebuilding import rebuild

    return 0 if rebuild(manifest) else 1


if __name__ == "__main__":
    sys.exit(main())
