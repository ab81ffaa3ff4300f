"""Backups without keys: what the box keeps is ciphertext, and it is copied as such.

    REPOSITORY/objects/ab/ab12...     a file's content, named by its SHA-256; written beside, synced, then renamed
              /snapshots/TIME.json    what stood where at that time; appears whole, last
              /lock                   held by whoever writes

A kill at any moment leaves every earlier snapshot whole, and the next run goes on with what is there already.
"""
