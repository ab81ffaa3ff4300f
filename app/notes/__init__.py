"""Draft notes whose every sentence shows its source.

    utterances -> statements -> cues, salience -> extractive draft -> guard -> a person

The core is pure: no files, no vault, no network. Handles speech in clear.
"""
