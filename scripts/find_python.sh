# Sourced: sets `python` to an interpreter of Python 3.11 to 3.13 that can make virtual environments.
# Expects `asked`: the interpreter that the user named; empty to look for one.

suits='import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))'
python=
if [ -n "$asked" ]; then
    candidates=$asked
else
    candidates="python3 python3.13 python3.12 python3.11 python"
fi
for candidate in $candidates; do
    if "$candidate" -c "$suits" >/dev/null 2>&1; then
        python=$candidate
        break
    fi
done
if [ -z "$python" ]; then
    {
        echo "No Python from 3.11 to 3.13 with its venv module was found. Tried:"
        for candidate in $candidates; do
            if found=$("$candidate" --version 2>&1); then
                lacks=$("$candidate" -c 'import venv, ensurepip' 2>/dev/null || echo ", without venv")
                echo "  $candidate: $found$lacks"
            else
                echo "  $candidate: not there"
            fi
        done
        echo "Install one (on Debian and Ubuntu also its package python3-venv), or name one:"
        echo "  make PYTHON=/path/to/python3.12 ..."
    } >&2
    exit 1
fi
