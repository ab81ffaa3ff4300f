"""A clinic's pool: strong machines that hear for many boxes.

A box asks over TLS in the frames of the asr process (`link.py`, on the box; `door.py`, at the pool). Behind the door
Dask.distributed hands the windows to workers (`cluster.py`, `worker.py`). Dask trusts whoever it talks with to run
code, so no box ever speaks its protocol: it only talks between the pool's own machines. A box never loads it.
"""

import os

os.environ["DASK_CONFIG"] = "/nonexistent"  # what a pool does stands in its own code, in no file that somebody left
