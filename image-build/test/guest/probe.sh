#!/bin/sh
# Runs inside the booted box, as a unit that the test handed over; every line that begins with PROBE goes to the test.
say() { echo "PROBE $*" >/dev/console; }
trap 'say end' EXIT

systemctl start --wait tacet-healthy.service 2>/dev/null
say failed "$(systemctl --failed --plain --no-legend | awk '{print $1}' | tr '\n' ' ')"
for name in recorder app asr; do
  pid=$(systemctl show -P MainPID "tacet-$name")
  say user "$name" "$(ps -o user:20= -p "$pid" | tr -d ' ')"
  say exposure "$name" "$(systemd-analyze security --no-pager "tacet-$name.service" | sed -n 's/.*service: \([0-9.]*\).*/\1/p')"
done

# Each probe runs in a copy of the service's own unit, so with all of its confinement, and says what it could do.
probe() { # service, name, python
  unit=/run/systemd/system/probe-$1-$2.service
  sed -e '/^ExecStart=/d;/^Type=/d;/^Restart/d;/^Watchdog/d;/^NotifyAccess/d;/^Requires=/d;/^\[Install\]/,$d' \
    "/usr/lib/systemd/system/tacet-$1.service" >"$unit"
  printf 'Type=oneshot\nExecStart=/usr/bin/python3 -I /mnt/probes.py %s\nStandardOutput=file:/run/probe-result\n' "$2" >>"$unit"
  systemctl daemon-reload
  rm -f /run/probe-result
  systemctl start "probe-$1-$2.service" 2>/dev/null
  say probe "$1" "$2" "$(cat /run/probe-result 2>/dev/null || echo none)"
}
for name in app asr; do
  for what in sound pins connect_out; do probe "$name" "$what"; done
done
for what in vaults tapes write; do probe asr "$what"; done
for what in vaults connect_out certificate; do probe recorder "$what"; done

say writable "$(find / -xdev -type d -perm -0002 ! -perm -1000 2>/dev/null | tr '\n' ' ')"
say identity "$(cat /var/lib/tacet/identity/box-id) $(cat /etc/machine-id) $(sha256sum /var/lib/tacet/tls/*key* | cut -c1-64 | tr '\n' ' ')"
say slot "$(rauc status --output-format=shell 2>/dev/null | grep -E 'BOOTED|BOOT_STATUS' | tr '\n' ' ')"
say setup_code "$(cat /var/lib/tacet/box/setup-code 2>/dev/null)"
