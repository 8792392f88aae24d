"""``python -m cmsml_tasks.tracking``: where a file came from, making it again, what is kept."""

from __future__ import annotations

import argparse
import os
import re
import sys
from pathlib import Path

from cmsml_tasks.command_line.exit_status import exit_status
from cmsml_tasks.errors import SettingsError
from cmsml_tasks.files import sha256_of
from cmsml_tasks.terminal import print_anything
from cmsml_tasks.tracking.storage.places import Place, exists, identity, place

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

    replaced = commands.add_parser(
        "replaced", help="list outputs that reruns have replaced and that are kept, or drop them"
    )
    replaced.add_argument(
        "kept", nargs="*", type=place, help="some of them, as the list names them; default: all"
    )
    replaced.add_argument("--store", type=place, default=place(store), help=f"default: {store}")
    replaced.add_argument("--drop", action="store_true", help="remove them")
    replaced.set_defaults(run=lambda given: _replaced(given.store, given.kept, given.drop))

    print_anything()
    given = parser.parse_args(arguments)
    return exit_status(lambda: given.run(given))


def _origin(subject: str, store: Place) -> int:
    from cmsml_tasks.tracking.commands.origin import find_manifests, origin_lines
    from cmsml_tasks.tracking.manifests.manifest import Manifest, Unbelievable

    _check_store(store)
    path = Path(subject)
    manifest = Manifest.read(place(subject), declared=None)
    if isinstance(manifest, Unbelievable) and path.name.endswith("manifest.json"):
        raise SettingsError(f"{subject}: {manifest}")
    if isinstance(manifest, Manifest):
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


def _check_store(store: Place) -> None:
    if not (store.is_dir() if isinstance(store, Path) else exists(store.text)):
        raise SettingsError(f"there is no store {store}; name it with --store")


def _rebuild(manifest: Place) -> int:
    from cmsml_tasks.tracking.commands.rebuild import rebuild

    return 0 if rebuild(manifest) else 1


def _replaced(store: Place, chosen: list[Place], drop: bool) -> int:
    from cmsml_tasks.command_line.tables import table
    from cmsml_tasks.tracking.judging.replaced import drop as drop_kept
    from cmsml_tasks.tracking.judging.replaced import kept_below

    _check_store(store)
    found = {identity(each.folder): each for each in kept_below(store)}
    for path in chosen:
        if identity(path) not in found:
            raise SettingsError(f"{path}: nothing that was replaced is kept there")
    names = [identity(path) for path in chosen] or list(found)
    rows = [("task", "made", "took", "size", "folder")]
    for kept in (found[name] for name in names):
        about = kept.manifest.environment
        took, size = f"{about.get('seconds', 0):.0f} s", f"{kept.size / 1e6:.1f} MB"
        rows.append((kept.manifest.task, str(about.get("time")), took, size, str(kept.folder)))
        if drop:
            drop_kept([kept])
    print(table(rows))
    total = sum(found[name].size for name in names) / 1e6
    print(f"{len(names)} {'dropped' if drop else 'kept'}, {total:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
