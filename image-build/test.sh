#!/usr/bin/env bash
# make image-test ARCH=amd64|arm64: builds the image of this commit unless it is there, starts it in QEMU and tries it.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
project=$(dirname "$here")
arch=${1:?name amd64 or arm64}
shift
lists=("$here/tools.txt" "$here/tools-test.txt")
[ "$arch" = amd64 ] || lists+=("$here/tools-test-arm64.txt")
"$here/tools.sh" "${lists[@]}"
. "$here/version.sh"
image=${OUT:-$project/build/image}/tacet-$version-$arch.img
[ -f "$image" ] || "$here/build.sh" "$arch"
exec "$project/.venv/bin/python" -m tests.image "$image" --arch "$arch" "$@"
