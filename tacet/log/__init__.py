"""What the box's processes wrote: from the journal, or from `tacet run`, which keeps it itself."""
