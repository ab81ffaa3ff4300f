"""The box without the box: a picture of it on a page of this machine, whose button and lamps are the recorder's own.

The page presses the recorder's simulated pins over `panel.sock` and shows the levels those pins have. It decides
nothing: whether a press starts a recording is the recorder's business, exactly as on the real box.
"""
