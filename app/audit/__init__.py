"""Who did what to which id, and when: no names, no text. Hash-chained, so that a changed past shows."""
