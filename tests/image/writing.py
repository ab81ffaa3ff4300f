"""Where the box has written since it started, by whom."""

from typing import Final

from image.machine import Machine

USERS: Final = ("tacet-recorder", "tacet-app", "tacet-asr")
# What the services may write, as systemd/tmpfiles.d lists it; /run/user-like folders of systemd's own are root's.
LISTED: Final = (
    "/var/lib/tacet/recorder",
    "/var/lib/tacet/tapes",
    "/var/lib/tacet/vaults",
    "/var/lib/tacet/box",
    "/var/lib/tacet/tls",
    "/var/lib/tacet/backup",
    "/var/lib/tacet/selftest",
    "/run/tacet",
    "/data/tacet",
)
# What root's own services write into the layer in memory; gone at the next start.
OF_ROOT: Final = (
    "/etc/hostname",
    "/etc/hosts",
    "/etc/localtime",
    "/etc/machine-id",
    "/var/lib/systemd",
    "/var/log",
    "/var/cache",
    "/var/tmp",
    "/tmp",
)


def written_elsewhere(box: Machine) -> list[str]:
    """Files of the box's users outside of their folders, and files of the system that have changed since the start."""
    by_users = " -o ".join(f"-user {user}" for user in USERS)
    skipped = " -o ".join(f"-path {path}" for path in ("/proc", "/sys", "/dev/pts", "/opt", *LISTED))
    theirs = box.shell(f"find / \\( {skipped} \\) -prune -o \\( {by_users} \\) -print 2>/dev/null", within_s=600)
    # The layer above the read-only system: what is newer than the kernel's first process.
    changed = box.shell("find / -xdev -newer /proc/1/comm -type f -print 2>/dev/null", within_s=600)
    others = [path for path in changed.splitlines() if not path.startswith(OF_ROOT)]
    return sorted({*theirs.splitlines(), *others})
