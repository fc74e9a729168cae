#!/bin/sh
# Makes or renews the virtual environment $1, with Python $2 if given, exactly as requirements.lock pins it.
set -eu
venv=$1
asked=$2

if ! "$venv/bin/python" -c "" >/dev/null 2>&1; then
    . "$(dirname "$0")/find_python.sh"
    echo "Making the environment $venv with $("$python" --version)"
    "$python" -m venv --clear "$venv"
fi

pip() {
    "$venv/bin/python" -m pip --disable-pip-version-check -qq "$@"
}

echo "Installing the pinned packages (about 1.5 GB on disk; a few minutes the first time)"
pip install --require-hashes -r requirements.lock
echo "Installing hrtem_assets itself"
pip install --no-deps --no-build-isolation --editable .
echo "The environment $venv is ready"
