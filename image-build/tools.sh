#!/usr/bin/env bash
# Installs what a list of Debian packages names and this machine lacks: tools.sh LIST...
set -euo pipefail
missing=()
for package in $(grep -hv '^#' "$@"); do
  [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0
if [ "$(id -u)" != 0 ]; then
  printf 'This machine lacks some tools. Run this line, then the same make again:\n  %s %s\n' \
    'sudo apt-get update && sudo apt-get install -y --no-install-recommends' "${missing[*]}" >&2
  exit 1
fi
echo "[tools] installing ${missing[*]}"
apt-get update -q >/dev/null
DEBIAN_FRONTEND=noninteractive apt-get install -yq --no-install-recommends "${missing[@]}" >/dev/null || {
  echo "The tools could not be installed: ${missing[*]}. Check the network, then run it again." >&2
  exit 1
}
