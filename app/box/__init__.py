"""What belongs to the box and to nobody's vault: its own audit trail."""
