import resource


def forbid_core_dumps() -> None:
    """From now on a crash of this process, or of one that it starts, leaves no picture of its memory on the disk."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
