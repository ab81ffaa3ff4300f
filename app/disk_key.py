"""Whether the data partition is encrypted, and the recovery key that opens it without the box's TPM.

identity/disk-recovery-key   written at the first start, where there is a TPM2; it lies on the partition that it opens
"""

from pathlib import Path

DISK_KEY_FILE = "disk-recovery-key"


def read_disk_key(data_dir: Path) -> str | None:
    """None where the partition is not encrypted."""
    try:
        return (data_dir / "identity" / DISK_KEY_FILE).read_text(encoding="ascii").strip() or None
    except (OSError, UnicodeDecodeError):
        return None
