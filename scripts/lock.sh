#!/bin/sh
# Writes requirements.lock: every package with its hashes, for Python 3.11 to 3.13.
# $1: the interpreter asked for, may be empty; further arguments go to uv, for example --upgrade.
# Without --upgrade, pins that still suit pyproject.toml stay.
set -eu
asked=$1
shift
. "$(dirname "$0")/find_python.sh"

tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
"$python" -m venv "$tools"
"$tools/bin/python" -m pip --disable-pip-version-check -qq install uv

# fewest: one version of each package for all Pythons, so that all compute the same numbers
"$tools/bin/uv" pip compile pyproject.toml --extra dev \
    --universal --python-version 3.11 --fork-strategy fewest --generate-hashes \
    --no-strip-extras --no-emit-index-url --no-emit-find-links --no-annotate --custom-compile-command "make lock" \
    --quiet --output-file requirements.lock "$@"

if grep -nE '://|file:|^-|@ ' requirements.lock; then
    echo "requirements.lock names an address or a path (above): it must hold names, versions and hashes only" >&2
    exit 1
fi
echo "requirements.lock pins $(grep -c '^[a-z0-9]' requirements.lock) packages"
