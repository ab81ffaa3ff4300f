# The steps of build.sh, in their order. Each says what it does; what is cached says so, too.

build_machine() {
  "$here/tools.sh" "$here/tools.txt" || fail "see above."
  [ "$(id -u)" = 0 ] || fail "it has to run as root (mmdebstrap makes device files): sudo make image ARCH=$target"
  [ -x "$python" ] && [ -d "$project/app/web/assets/node_modules/htmx.org" ] || fail "the checkout is not set up. Run: make setup-test"
  local free_gb
  free_gb=$(($(df --output=avail -k "$project" | tail -1) / 1048576))
  [ "$free_gb" -ge 8 ] || fail "8 GB of free disk are needed and $free_gb are there."
  say 1/9 "tools: all there; building $name of $(date -u -d "@$SOURCE_DATE_EPOCH" +%F)"
}

# Updates are signed with TACET_SIGNING_KEY and TACET_SIGNING_CERT; a key for trying out is made where none is named.
signing_key() {
  key=${TACET_SIGNING_KEY:-$cache/trial-signing.key} cert=${TACET_SIGNING_CERT:-$cache/trial-signing.pem}
  if [ ! -f "$cert" ]; then
    [ -z "${TACET_SIGNING_KEY:-}" ] || fail "TACET_SIGNING_CERT does not name a certificate."
    (umask 077; openssl req -x509 -newkey rsa:3072 -nodes -days 7300 -subj "/CN=Tacet trial signing" -keyout "$key" -out "$cert" 2>/dev/null)
  fi
  case $key in "$cache"/*) say 2/9 "signing: with a TRIAL key; name TACET_SIGNING_KEY and TACET_SIGNING_CERT for boxes in use" ;;
  *) say 2/9 "signing: with $cert" ;; esac
}

# Stands for initramfs-tools, so that Debian's kernel installs without it.
initrd_stand_in() {
  mkdir -p "$work/stand-in/DEBIAN" "$work/repo"
  printf '%s\n' "Package: tacet-initrd" "Version: 1" "Architecture: all" "Maintainer: Tacet <tacet@invalid>" \
    "Provides: linux-initramfs-tool" "Description: stands for the initrd that the image build assembles" >"$work/stand-in/DEBIAN/control"
  local deb=$work/repo/tacet-initrd_1_all.deb
  dpkg-deb --root-owner-group -b "$work/stand-in" "$deb" >/dev/null
  { dpkg-deb -f "$deb"; echo "Filename: ./$(basename "$deb")"; echo "Size: $(stat -c %s "$deb")"; echo "SHA256: $(sha256sum "$deb" | cut -d' ' -f1)"; } >"$work/repo/Packages"
}

# A foreign processor's programs run through qemu-user, which the kernel has to be told once after its start.
foreign_processor() {
  local machine rule=/proc/sys/fs/binfmt_misc
  [ "$debian_arch" = "$(dpkg --print-architecture)" ] && return
  machine=$([ "$debian_arch" = arm64 ] && echo aarch64 || echo x86_64)
  [ -e "$rule/register" ] || mount -t binfmt_misc binfmt_misc "$rule" || fail "this kernel runs no foreign programs (binfmt_misc); build $target on another machine."
  [ -e "$rule/qemu-$machine" ] || cat "/usr/lib/binfmt.d/qemu-$machine.conf" >"$rule/register" ||
    fail "this kernel was not told of qemu-user; build $target on another machine."
}

debian_system() {
  foreign_processor
  local list digest tarball day=$((SOURCE_DATE_EPOCH / 86400 * 86400)) # of the commit, so that one day's builds share the cache
  list=$(packages_in "$here/packages.txt" | tr '\n' ,)$(echo "$packages" | tr ' ' ,)
  # A day's packages: security updates reach the image at the latest on the next day. REFRESH=1 asks at once.
  digest=$(echo "$list $components $day $(date -u +%F)" | sha256sum | cut -c1-16)
  tarball=$cache/debian-$debian_arch-$digest.tar
  if [ -f "$tarball" ] && [ -z "${REFRESH:-}" ]; then
    say 3/9 "Debian 13 for $debian_arch: from the cache of today"
  else
    say 3/9 "Debian 13 for $debian_arch: $(echo "$list" | tr ',' '\n' | wc -l) packages and what they need (2 minutes; arm64 on x86-64: 10 to 30)"
    initrd_stand_in
    SOURCE_DATE_EPOCH=$day mmdebstrap --quiet --mode=root --variant=apt --architectures="$debian_arch" --include="$list" \
      --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
      --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/info/*' \
      trixie "$cache/new-$$.tar" \
      "deb http://deb.debian.org/debian trixie $components" "deb http://deb.debian.org/debian trixie-updates $components" \
      "deb http://deb.debian.org/debian-security trixie-security $components" "deb [trusted=yes] copy:$work/repo ./" ||
      fail "Debian's packages could not be put together; the lines above say why."
    mv "$cache/new-$$.tar" "$tarball"
  fi
  mkdir -p "$root"
  tar -C "$root" --xattrs -xpf "$tarball"
}

# The wheels of requirements.lock for Python 3.13, except those that Debian brings built for its own libraries.
our_programs() {
  local site=$root/usr/local/lib/python3.13/dist-packages
  say 4/9 "our programs: locked wheels, pages, models"
  awk '/^[a-zA-Z]/ {keep = $0 !~ /^pyaudio==/} keep' "$project/requirements.lock" >"$work/wheels.lock"
  "$project/.venv/bin/uv" pip install --quiet --no-config --python "$python" --target "$site" --python-version 3.13 \
    --python-platform "${wheels_platform#manylinux_2_28_}-manylinux_2_28" --only-binary :all: --require-hashes --no-deps --link-mode copy \
    -r "$work/wheels.lock" || fail "a wheel of requirements.lock could not be had for $wheels_platform."
  rm -rf "$site/bin" "$site/.lock" && find "$site" -name '__pycache__' -prune -exec rm -rf {} +
  # Installers note when and from where; the image is the same wherever it is built.
  find "$site" \( -name direct_url.json -o -name uv_cache.json \) -delete
  # Nor do their lists name what is gone: programs' first lines, and so their digests, name the building machine's folders.
  find "$site" -path '*.dist-info/RECORD' -exec sed -i -E '/^(bin\/|.*\/(direct_url|uv_cache)\.json,)/d' {} +
  for package in tacet app firmware models; do
    mkdir -p "$site/$package"
    (cd "$project" && git ls-files -z "$package" | xargs -0 cp --parents -t "$site")
  done
  local assets=app/web/assets/node_modules
  for asset in htmx.org/dist/htmx.min.js htmx-ext-sse/sse.js; do
    install -Dm644 "$project/$assets/$asset" "$site/$assets/$asset"
  done
  mkdir -p "$root/usr/share/tacet/models" "$root/usr/share/doc/tacet"
  cp -rL "${TACET_MODELS_DIR:-$project/build/models}/." "$root/usr/share/tacet/models" # a link is followed, not copied
  find "$root/usr/share/tacet/models" -name '.*' -type f -delete
  "$python" -m tacet.selftest.clip "$project/build/demo-session.wav" "$root/usr/share/tacet/selftest.wav" ||
    fail "there is no demo session to test a box's speech with. Run: make setup-test"
  cp "$project"/docs/*.md "$project/CHANGELOG.md" "$root/usr/share/doc/tacet/"
  cp "$project"/systemd/units/* "$root/usr/lib/systemd/system/"
  cp "$project/systemd/sysusers.d/tacet.conf" "$root/usr/lib/sysusers.d/tacet.conf"
  cp "$project/systemd/tmpfiles.d/tacet.conf" "$root/usr/lib/tmpfiles.d/tacet.conf"
  cp -r "$here/root/." "$root/"
  sed -i "s/@COMPATIBLE@/$compatible/" "$root/etc/rauc/system.conf"
  cp "$cert" "$root/etc/rauc/keyring.pem"
  printf 'IMAGE_ID=tacet\nIMAGE_VERSION=%s\n' "$version" >>"$root/usr/lib/os-release"
}

python_folders=(/usr/lib/python3 /usr/lib/python3.13 /usr/local/lib/python3.13)

# Byte code is the same for every processor: for a foreign one Debian's Python for this machine makes it, if it is the very
# same version, since under qemu-user that takes a quarter of an hour. Its hash seed and the order of work are fixed.
byte_code() {
  local options=(-m compileall -q --invalidation-mode unchecked-hash) own=$cache/python-$(dpkg --print-architecture) folder
  if [ "$debian_arch" != "$(dpkg --print-architecture)" ] && native_python "$own" && same_python "$own"; then
    for folder in "${python_folders[@]}"; do
      run_native "$own" "${options[@]}" -s "$root" -p / "$root$folder" >/dev/null || true
    done
    [ ! -e "$root/usr/lib/python3.13/__pycache__/os.cpython-313.pyc" ] || return 0
  fi
  chroot "$root" env PYTHONHASHSEED=0 /usr/bin/python3 "${options[@]}" "${python_folders[@]}" >/dev/null || true
}

# Debian 13's Python for this machine, unpacked and not installed; its packages are those of the day.
native_python() {
  [ -x "$1/usr/bin/python3.13" ] && [ "$(cat "$1/made-on")" = "$(date -u +%F)" ] && return
  rm -rf "$1" "$1.new"
  mmdebstrap --quiet --mode=root --variant=extract --include=python3 trixie "$1.new" "deb http://deb.debian.org/debian trixie main" \
    "deb http://deb.debian.org/debian trixie-updates main" "deb http://deb.debian.org/debian-security trixie-security main" >/dev/null 2>&1 || return 1
  date -u +%F >"$1.new/made-on"
  mv "$1.new" "$1"
}

run_native() {
  local base=$1 loader libraries
  shift
  loader=$(echo "$base"/usr/lib*/ld-linux-*.so.*) libraries=$(echo "$base"/usr/lib/*-linux-gnu)
  env -i PATH=/usr/bin:/bin LC_ALL=C.UTF-8 PYTHONHASHSEED=0 PYTHONHOME="$base/usr" PYTHONDONTWRITEBYTECODE=1 \
    "${loader%% *}" --library-path "$libraries" "$base/usr/bin/python3.13" "$@"
}

# The whole version and the byte code's number: another one's would be passed over at every start.
same_python() {
  local asked='import importlib.util, sys; print(sys.version.split()[0], importlib.util.MAGIC_NUMBER.hex())'
  [ "$(run_native "$1" -c "$asked")" = "$(chroot "$root" /usr/bin/python3 -c "$asked")" ]
}

# Users, what is started, nobody to log in, nothing that differs from one build to the next.
settle() {
  say 5/9 "settling: users, units, no log-in, no identity"
  systemd-sysusers --root="$root" 2>/dev/null
  systemctl --root="$root" --quiet enable tacet-provision.service tacet-recorder.service tacet-app.socket tacet-app.service \
    tacet-asr.socket tacet-asr.service tacet-log.socket tacet-names.service tacet-names.path tacet-names.timer tacet-firewall.path tacet-backup.service tacet-restore.service tacet-pool-link.socket tacet-pool-link.service tacet-healthy.service tacet-selftest.service tacet-fetch.service tacet-take.timer tacet-console.service tacet-screen.service systemd-networkd.service systemd-resolved.service \
    systemd-timesyncd.service nftables.service fstrim.timer
  systemctl --root="$root" --quiet mask getty@.service serial-getty@.service console-getty.service autovt@.service \
    systemd-networkd-wait-online.service apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer \
    systemd-repart.service systemd-firstboot.service systemd-homed.service wpa_supplicant.service debug-shell.service emergency.service rescue.service 2>/dev/null
  # udev loads what the machine has; these unpack what it may not have, at every start, while the recorder waits.
  systemctl --root="$root" --quiet mask modprobe@drm.service modprobe@efi_pstore.service modprobe@fuse.service \
    modprobe@configfs.service sys-fs-fuse-connections.mount sys-kernel-config.mount systemd-pstore.service 2>/dev/null
  byte_code
  passwd --root "$root" --quiet --lock root 2>/dev/null || true
  rm -rf "$root"/boot/firmware "$root"/etc/apt "$root"/var/lib/apt "$root"/var/cache/* "$root"/var/log/* "$root"/tmp/* "$root"/run/* "$root"/etc/hostname \
    "$root"/etc/resolv.conf "$root"/etc/ssh "$root"/etc/shadow- "$root"/etc/passwd- "$root"/etc/group- "$root"/etc/gshadow- "$root"/var/lib/systemd/random-seed
  ln -sf /run/systemd/resolve/resolv.conf "$root/etc/resolv.conf"
  # Nothing of /etc and /var has to be made anew from /usr (ldconfig and others, at every start of a read-only system).
  printf 'TIMESTAMP_NSEC=%s000000000\n' "$SOURCE_DATE_EPOCH" | tee "$root/etc/.updated" >"$root/var/.updated"
  mkdir -p "$root"/boot/tacet "$root"/data "$root"/var/log/journal "$root"/var/lib/tacet
  : >"$root/etc/machine-id"
  : >"$root/usr/lib/clock-epoch" # timesyncd never sets the clock before this file's time
  # The day of a password's change is the day of the build.
  sed -i -E 's/^(([^:]*:){2})[0-9]+:/\1:/' "$root/etc/shadow"
}

initrd() {
  local kernel module path applets into=$work/initrd
  kernel=$(ls "$root/usr/lib/modules")
  say 6/9 "initrd for Linux $kernel"
  mkdir -p "$into"/{bin,sbin,proc,sys,dev,run,etc,"lib/modules/$kernel"}
  cp "$root/usr/bin/busybox" "$into/bin/busybox"
  applets=$("$into/bin/busybox" --list 2>/dev/null || true) # no pipe: one whose reader is done early counts as failed
  for applet in sh mount umount cat grep sed mkdir sleep usleep basename readlink switch_root modprobe chroot reboot tr mv cp chmod sync; do
    [ "$debian_arch" != amd64 ] || grep -qx "$applet" <<<"$applets" || fail "busybox has no $applet."
    ln -s busybox "$into/bin/$applet"
  done
  install -m755 "$here/initrd/init" "$into/init"
  packages_in "$here/initrd/modules.txt" >"$into/etc/modules"
  for module in $(cat "$into/etc/modules"); do
    for path in $(modprobe --dirname "$root" -S "$kernel" --show-depends "$module" 2>/dev/null | sed -n 's/^insmod //p'); do
      local name=${path#"$root"}; name=${name#/usr}
      mkdir -p "$into/$(dirname "$name")"
      case $path in
      *.xz) xz -dc "$path" >"$into/${name%.xz}" ;;
      *.zst) zstd -dcq "$path" >"$into/${name%.zst}" ;;
      *) cp "$path" "$into/$name" ;;
      esac
    done
  done
  cp "$root/usr/lib/modules/$kernel/modules.builtin" "$root/usr/lib/modules/$kernel/modules.builtin.modinfo" "$root/usr/lib/modules/$kernel/modules.order" "$into/lib/modules/$kernel/" 2>/dev/null || true
  depmod -b "$into" "$kernel"
  find "$into" -exec touch -hd "@$SOURCE_DATE_EPOCH" {} +
  (cd "$into" && find . | sort | cpio --quiet --reproducible -o -H newc -R 0:0 | gzip -n9) >"$root/boot/initrd"
  mv "$root/boot/vmlinuz-$kernel" "$root/boot/vmlinuz"
  rm -f "$root"/boot/System.map-* "$root"/boot/config-* "$root"/vmlinuz* "$root"/initrd.img*
}

read_only_system() {
  say 7/9 "read-only system ($(du -sh "$root" | cut -f1) before packing)"
  find "$root" -newermt "@$SOURCE_DATE_EPOCH" -exec touch -hd "@$SOURCE_DATE_EPOCH" {} +
  # gzip, since GRUB reads kernel and initrd out of it.
  mksquashfs "$root" "$work/root.squashfs" -quiet -no-progress -comp gzip -Xcompression-level 6 -noappend -processors 2 \
    -no-exports -xattrs >/dev/null
}

boot_partition() {
  say 8/9 "boot partition and disk"
  mkdir -p "$work/boot/EFI/BOOT" "$work/grub"
  cat >"$root/tmp/early.cfg" <<'EARLY'
search --no-floppy --label TACET --set=boot
normal ($boot)/grub.cfg
EARLY
  chroot "$root" grub-mkimage --format="$grub_format" --config=/tmp/early.cfg --prefix=/ --output=/tmp/grub.efi \
    part_gpt fat squash4 gzio echo test loadenv regexp linux normal boot reboot search configfile minicmd sleep all_video ||
    fail "GRUB could not be put together."
  mv "$root/tmp/grub.efi" "$work/boot/$grub_file"
  chroot "$root" grub-editenv /tmp/grubenv create
  mv "$root/tmp/grubenv" "$work/boot/grubenv"
  rm "$root/tmp/early.cfg"
  sed "s|@CONSOLE@|$console|" "$here/boot/grub.cfg" >"$work/boot/grub.cfg"
  cp "$here/boot/README.txt" "${CONFIG:-$here/boot/tacet.toml}" "$work/boot/"
  board_boot_files
  find "$work/boot" -exec touch -d "@$SOURCE_DATE_EPOCH" {} +
}

disk() {
  local slot_bytes=$((1536 * 1024 * 1024))
  [ "$(stat -c %s "$work/root.squashfs")" -lt "$slot_bytes" ] || fail "the system does not fit into its slot of 1.5 GiB."
  truncate -s 64M "$work/boot.vfat"
  mkfs.vfat -n TACET --invariant "$work/boot.vfat" >/dev/null
  # One by one in a fixed order: mcopy takes a folder in the order of the disk that it lies on.
  (cd "$work/boot" && find . -mindepth 1 | sort | while read -r entry; do
    if [ -d "$entry" ]; then mmd -i "$work/boot.vfat" "::${entry#.}"; else mcopy -m -i "$work/boot.vfat" "$entry" "::${entry#.}"; fi
  done)
  mkdir -p "$work/genimage-root" "$work/images"
  sed -e "s/@TABLE@/$partition_table/" -e "/@HYBRID@/$([ "$partition_table" = hybrid ] && echo 's/@HYBRID@/partition-type = 0xC/' || echo d)" \
    "$here/genimage.cfg" >"$work/genimage.cfg"
  genimage --config "$work/genimage.cfg" --rootpath "$work/genimage-root" --tmppath "$work/genimage" --inputpath "$work" \
    --outputpath "$work/images" --loglevel 1 >"$work/genimage.log" 2>&1 || { cat "$work/genimage.log"; fail "the disk could not be laid out."; }
  mv "$work/images/tacet.img" "$out/$name.img"
}

update_bundle() {
  mkdir "$work/bundle"
  cp "$work/root.squashfs" "$work/bundle/root.img"
  printf '[update]\ncompatible=%s\nversion=%s\n\n[bundle]\nformat=verity\n\n[image.rootfs]\nfilename=root.img\n' "$compatible" "$version" >"$work/bundle/manifest.raucm"
  rm -f "$out/$name.raucb"
  rauc --cert="$cert" --key="$key" bundle "$work/bundle" "$out/$name.raucb" >"$work/rauc.log" 2>&1 || { cat "$work/rauc.log"; fail "the update bundle could not be signed."; }
  # What boxes ask a server for: put it beside the bundle.
  printf '{"version": "%s", "bundle": "%s.raucb", "size_bytes": %s, "sha256": "%s"}\n' "$version" "$name" \
    "$(stat -c %s "$out/$name.raucb")" "$(sha256sum "$out/$name.raucb" | cut -d' ' -f1)" >"$out/$compatible.json"
}

papers() {
  say 9/9 "list of parts, licences, checksums, signature"
  "$python" "$here/parts.py" "$root" "$version" >"$out/$name.cdx.json"
  (cd "$root" && find usr/share/doc usr/local/lib -type f \( -name copyright -o -path '*dist-info/*' -iname '*licen*' -o -path '*dist-info/*' -iname 'copying*' \) | sort |
    tar -c --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner -T - | zstd -q -19 -f -o "$out/$name.licences.tar.zst")
  zstd -q -f -3 --sparse "$out/$name.img" -o "$out/$name.img.zst"
  (cd "$out" && sha256sum "$name".img "$name".img.zst "$name".cdx.json "$name".licences.tar.zst >"$name.sha256")
  openssl cms -sign -binary -outform PEM -signer "$cert" -inkey "$key" -in "$out/$name.sha256" -out "$out/$name.sha256.p7s"
  cp "$cert" "$out/$name.signer.pem"
}
