#!/usr/bin/env bash
# make image ARCH=amd64|arm64|raspberry-pi: from Debian's packages and locked wheels to a flashable disk, its update bundle,
# list of parts, licences, checksums and signature. The same commit and the same packages give the same bytes.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
project=$(dirname "$here")
target=${1:?name a target: $(basename -a -s .conf "$here"/targets/*.conf | tr '\n' ' ')}
out=${OUT:-$project/build/image}
cache=$project/build/image-cache
python=$project/.venv/bin/python

say() { printf '[image %s] %s\n' "$1" "$2"; }
fail() { printf 'The image was not built: %s\n' "$1" >&2; exit 1; }
packages_in() { grep -hv '^#' "$@"; }

[ -f "$here/targets/$target.conf" ] || fail "there is no target $target. There are: $(basename -a -s .conf "$here"/targets/*.conf | tr '\n' ' ')"
components=main
partition_table=gpt
board_boot_files() { :; } # what a board's own firmware reads from the boot partition
. "$here/targets/$target.conf"
. "$here/steps.sh"
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$project" log -1 --format=%ct)}
. "$here/version.sh"
name=tacet-$version-$target
export LC_ALL=C TZ=UTC

build_machine
mkdir -p "$out" "$cache"
work=$(mktemp -d "$cache/work.XXXXXX")
root=$work/root
trap 'rm -rf --one-file-system "$work"' EXIT

signing_key
debian_system
our_programs
settle
initrd
read_only_system
boot_partition
disk
update_bundle
papers
say done "$out/$name.img.zst ($(du -h "$out/$name.img.zst" | cut -f1)) and $name.raucb; write it with: zstd -dc $name.img.zst | dd of=/dev/DISK bs=4M conv=fsync"
