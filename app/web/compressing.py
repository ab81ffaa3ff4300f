"""Compresses long answers: transcripts and lists, nothing else (docs/decisions/0056).

An answer that holds something secret beside something that a foreign page can choose tells the secret by its length
when it is compressed (BREACH). So compression is asked for route by route, and only by routes that write nothing of
the request into their answer. Search, forms and every page with a code or a passphrase stay as they are.
"""

import gzip

from fastapi import Request
from starlette.responses import Response

WORTH_BYTES = 2000  # below that the answer fits one packet or two anyway
LEVEL = 3  # half of the time that the usual 6 takes, and a tenth more to send


def compressed(request: Request, answer: Response) -> Response:
    """Compress an answer that repeats nothing of the request, where the browser takes it so."""
    body = bytes(answer.body)
    answer.headers["Vary"] = "Accept-Encoding"
    if len(body) < WORTH_BYTES or not _takes_gzip(request.headers.get("accept-encoding", "")):
        return answer
    answer.body = gzip.compress(body, LEVEL, mtime=0)
    answer.headers["Content-Encoding"] = "gzip"
    answer.headers["Content-Length"] = str(len(answer.body))
    return answer


def _takes_gzip(accepts: str) -> bool:
    for one in accepts.lower().split(","):
        name, _, weight = one.partition(";")
        if name.strip() in {"gzip", "*"}:
            return weight.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False
