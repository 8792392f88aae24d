#!/usr/bin/env bash
# A newer Python than the host's Debian has: python.sh DIR unpacks it in DIR, from a newer suite of the
# host's own mirror, and prints its path. Nothing is installed.
set -euo pipefail
[ $# -eq 1 ] || { sed -n '2,3p' "$0"; exit 2; }
mkdir -p "$1"
dir=$(cd "$1" && pwd -P)
suite=trixie
release=python3.13
cache=$dir/cache
die() { echo "python.sh: $*" >&2; exit 1; }
source "$(dirname "${BASH_SOURCE[0]}")/newer_debian.sh"

python=$dir/bin/$release
if [ ! -x "$python" ]; then
    fetch_packages "^($release|$release-minimal|lib.*)\$" '^libssl' "$release" >&2
    for deb in "$cache/$suite"/*.deb; do dpkg-deb -x "$deb" "$dir/root"; done
    # with the libc that it was made for
    loader=$(find "$dir/root/usr/lib" -name 'ld-linux*.so.*' | head -n 1)
    mkdir -p "$dir/bin"
    printf '#!/bin/sh\nexec "%s" --library-path "%s" "%s" "$@"\n' \
        "$loader" "$(dirname "$loader")" "$dir/root/usr/bin/$release" > "$python.new"
    chmod +x "$python.new"
    "$python.new" --version >&2
    mv "$python.new" "$python"
fi
echo "$python"
