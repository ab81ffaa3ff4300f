#!/usr/bin/env bash
# All tests: first those that may run side by side, then those that need the machine to themselves (marker `alone`).
# Arguments go to pytest: tests/run.sh -k tape
set -uo pipefail
cd "$(dirname "$0")/.."

nothing_chosen=5 # pytest's exit code
# Three on two cores, as tests wait more than they work.
side_by_side() { .venv/bin/python -m pytest -n 3 --dist loadfile -m "not alone" "$@"; }
alone() { .venv/bin/python -m pytest -m alone "$@"; }

side_by_side "$@"
first=$?
[ $first = 0 ] || [ $first = $nothing_chosen ] || [ $first = 1 ] || exit $first
alone "$@"
second=$?
[ $first = $nothing_chosen ] && exit $second
[ $second = $nothing_chosen ] && exit $first
exit $((first > second ? first : second))
