#!/usr/bin/env bash
# All tests: first those that may run side by side, then those that need the machine to themselves (marker `alone`).
# Arguments go to pytest: tests/run.sh -k tape
#
# A few browsers, microphones and models at once make a small machine wait for seconds anywhere. So at most three tests
# that failed are asked once more by themselves; what passes then is named, and is a fault of the test or a race.
set -uo pipefail
cd "$(dirname "$0")/.."

nothing_chosen=5 # pytest's exit code
most_again=3
cache=.pytest_cache/v/cache/lastfailed
# Three on two cores, as tests wait more than they work.
side_by_side() { .venv/bin/python -m pytest -n 3 --dist loadfile -m "not alone" "$@"; }
alone() { .venv/bin/python -m pytest -m alone "$@"; }
failed() { .venv/bin/python -c 'import json, sys; print("\n".join(json.load(open(sys.argv[1]))))' "$cache"; }

again() {
    local names
    mapfile -t names < <(failed)
    { [ ${#names[@]} -gt 0 ] && [ ${#names[@]} -le $most_again ]; } || return 1
    printf '\nFailed, asked once more alone:\n%s\n' "$(printf '  %s\n' "${names[@]}")"
    .venv/bin/python -m pytest "${names[@]}" || return 1
    printf 'Passed at the second time. Mend what makes them fail at times:\n%s\n\n' "$(printf '  %s\n' "${names[@]}")"
}

rm -f "$cache"
side_by_side "$@"
first=$?
[ $first = 1 ] && again && first=0
[ $first = 0 ] || [ $first = $nothing_chosen ] || [ $first = 1 ] || exit $first
alone "$@"
second=$?
[ $second = 1 ] && again && second=0
[ $first = $nothing_chosen ] && exit $second
[ $second = $nothing_chosen ] && exit $first
exit $((first > second ? first : second))
