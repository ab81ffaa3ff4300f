"""Keeps the box's processes apart on a machine without our units, as far as its kernel lets any user do so."""
