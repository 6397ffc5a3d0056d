#!/usr/bin/env bash
# The tests of the rooms, without browser and servers, on each supported Python that is found here.
# The one in .venv is left out: `make test` has it. A Python that is not found is named at the end.
set -euo pipefail
cd "$(dirname "$0")/.."

versions=$(sed -n 's/.*Programming Language :: Python :: \(3\.[0-9]*\)".*/\1/p' pyproject.toml)
tested=$(.venv/bin/python -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null || true)
# Not in here: what starts servers, a browser or a build, or needs another framework than Django, whose
# newest versions are for newer Pythons.
rooms="tests/acquisition tests/asgi/test_asgi.py tests/cli tests/config tests/deliveries tests/demo
    tests/django tests/history tests/imports tests/intake tests/reports tests/store tests/web
    tests/test_days.py tests/test_forking.py tests/test_globs.py tests/test_host.py
    tests/test_mount.py tests/test_outages.py tests/test_passwords.py
    tests/test_paste.py tests/test_retention.py tests/test_tokens.py"
oldest_duckdb=$(sed -n 's/.*"duckdb>=\([0-9.]*\)".*/\1/p' pyproject.toml)

find_python() {
    local candidate
    for candidate in "python$1" ~/.pyenv/versions/"$1".*/bin/python \
        ~/.local/share/uv/python/cpython-"$1".*/bin/python3; do
        # A shim may be there without a Python behind it.
        if "$candidate" -c 'import ensurepip, sqlite3, venv' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    return 1
}

missing=
for version in $versions; do
    if [ "$version" = "$tested" ]; then continue; fi
    if ! python=$(find_python "$version"); then
        missing="$missing $version"
        continue
    fi
    "$python" --version
    bin=.venv-$version/bin
    [ -x "$bin/python" ] || "$python" -m venv ".venv-$version"
    "$bin/python" -m pip install -qq --disable-pip-version-check --editable '.[test]'
    # The first has the oldest DuckDB that we allow, the others the newest that there is for them.
    if [ "$oldest_duckdb" ]; then
        "$bin/python" -m pip install -qq --disable-pip-version-check "duckdb==$oldest_duckdb"
        oldest_duckdb=
    fi
    # shellcheck disable=SC2086 - a list of paths
    "$bin/python" -m pytest -q -o "cache_dir=.venv-$version/cache" -n 3 --dist loadfile \
        --max-worker-restart 0 $rooms || {
        echo "Again, one after the other: what failed."
        # shellcheck disable=SC2086 - same
        "$bin/python" -m pytest -q -o "cache_dir=.venv-$version/cache" --last-failed \
            --last-failed-no-failures none $rooms
    }
done
echo "Tested by make test: ${tested:-none}. Not found here, and not tested:${missing:- none}"
