"""One microphone: whose voice is whose, from the voiceprints of a whole session. Pure; keeps prints in memory only.

Average-linkage clustering of up to 400 prints finds the voices, k-means over all of them sharpens what was found, and
a path through time (Viterbi) says who speaks when.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from app.asr.voiceprints import Span, Voiceprints
from app.domain import Turn
from app.speech.turns import FRAME_MS, followed, turns_of

MOST_CLUSTERED = 400  # prints; the linkage's cost grows with the square
SMALLEST_S, SMALLEST_PART = 2.0, 0.05  # a voice that is heard for less is noise
ROUNDS = 20
SWITCH_COST = 1.0  # in cosines, a change of voice within speech
SURE = 0.05  # a frame whose two best voices are nearer than this is unsure
APART = 0.35  # prints that are less alike than this, on average, are two persons'
ONE_PERSON = 0.6  # nearer than this, two centres are one person's; different ones were between -0.1 and 0.5
GUESSED_S, GUESSED_PART = 6.0, 0.1  # how long somebody speaks before being counted

Values = NDArray[np.float64]


@dataclass(slots=True)
class Voices:
    """The voiceprints of one session so far. About 60 kB a minute, gone with this object."""

    speech: list[Span] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    _prints: list[NDArray[np.float32]] = field(default_factory=list, repr=False)

    def add(self, heard: Voiceprints, offset_ms: int) -> None:
        """Take in what was heard from `offset_ms` of the session on."""
        self.speech += [(start + offset_ms, end + offset_ms) for start, end in heard.speech]
        self.spans += [(start + offset_ms, end + offset_ms) for start, end in heard.spans]
        self._prints.append(heard.prints)

    def turns(self, voices: int = 2) -> list[Turn]:
        """Tell who spoke when, the voice that is heard first being "1"; at most as many voices as asked for."""
        if not self.spans:
            return []
        prints, seconds = self._all()
        centres = _centres(prints, seconds, voices)
        scores, speech = self._scores(prints @ centres.T)
        path = followed(scores, speech, SWITCH_COST)
        ranked = np.sort(scores, axis=1)
        sure = ranked[:, -1] - ranked[:, -2] >= SURE if scores.shape[1] > 1 else np.ones(len(scores), bool)
        return turns_of(_by_appearance(path, speech), speech, sure)

    def count(self) -> int:
        """Guess how many people spoke for more than a moment."""
        if not self.spans:
            return 0
        prints, seconds = self._all()
        chosen = _chosen(seconds)
        groups = _linked(prints[chosen], seconds[chosen], 1, alike=APART)
        least = max(GUESSED_S * len(chosen) / len(seconds), GUESSED_PART * float(seconds[chosen].sum()))
        return max(1, sum(float(seconds[chosen][group].sum()) >= least for group in groups))

    def is_one(self) -> bool:
        """Whether all of it sounds like one person."""
        if not self.spans:
            return False
        centres = _centres(*self._all(), 2)
        return len(centres) == 1 or (float(centres[0] @ centres[1]) > ONE_PERSON and self.count() == 1)

    def _all(self) -> tuple[Values, Values]:
        seconds = np.array([(end - start) / 1000 for start, end in self.spans])
        return np.concatenate(self._prints).astype(np.float64), seconds

    def _scores(self, alike: Values) -> tuple[Values, NDArray[np.bool_]]:
        """Spread each span's likeness to the voices over its frames, its middle counting most."""
        frames = self.speech[-1][1] // FRAME_MS + 1
        total, weights = np.zeros((frames, alike.shape[1])), np.full(frames, 1e-9)
        for (start_ms, end_ms), values in zip(self.spans, alike, strict=True):
            at = np.arange(start_ms // FRAME_MS, max(start_ms // FRAME_MS + 1, end_ms // FRAME_MS))
            off_centre = np.abs((at + 0.5) * FRAME_MS - (start_ms + end_ms) / 2)
            weight = np.maximum(0.05, 1 - off_centre / max((end_ms - start_ms) / 2, FRAME_MS))
            at, weight = at[at < frames], weight[at < frames]
            total[at] += weight[:, None] * values
            weights[at] += weight
        speech = np.zeros(frames, bool)
        for start_ms, end_ms in self.speech:
            speech[start_ms // FRAME_MS : end_ms // FRAME_MS + 1] = True
        return total / weights[:, None], speech


def _chosen(seconds: Values) -> NDArray[np.int64]:
    """At most 400 of the prints, evenly over the session, long ones where there are enough."""
    long = np.flatnonzero(seconds >= min(1.0, float(np.median(seconds))))
    return long[np.linspace(0, len(long) - 1, min(MOST_CLUSTERED, len(long))).astype(np.int64)]


def _centres(prints: Values, seconds: Values, voices: int) -> Values:
    """Give the mean print of each voice, shape (voices or fewer, 192)."""
    chosen = _chosen(seconds)
    groups = _linked(prints[chosen], seconds[chosen], voices)
    groups = sorted(groups, key=lambda group: -float(seconds[chosen][group].sum()))[:voices]
    centres = np.stack([_mean(prints[chosen][group], seconds[chosen][group]) for group in groups])
    for _ in range(ROUNDS):
        nearest = (prints @ centres.T).argmax(axis=1)
        moved = np.stack(
            [
                _mean(prints[nearest == voice], seconds[nearest == voice]) if (nearest == voice).any() else centre
                for voice, centre in enumerate(centres)
            ]
        )
        if np.allclose(moved, centres):
            break
        centres = moved
    return centres


def _linked(prints: Values, seconds: Values, voices: int, alike: float = -2.0) -> list[list[int]]:
    """Average linkage: join the two groups most alike until `voices` are left, or none are alike enough.

    Stops earlier where the next step would join two voices that were both heard for long: what is left over then is
    noise, and not a voice of its own.
    """
    groups = {number: [number] for number in range(len(prints))}
    heard_s = dict(enumerate(seconds.tolist()))
    similarity = prints @ prints.T
    np.fill_diagonal(similarity, -9.0)
    least = min(SMALLEST_S, SMALLEST_PART * float(seconds.sum()))
    while len(groups) > voices:
        one, other = (int(at) for at in np.unravel_index(similarity.argmax(), similarity.shape))
        if similarity[one, other] < alike:
            break
        both_long = min(heard_s[one], heard_s[other]) >= least
        if voices > 1 and both_long and sum(value >= least for value in heard_s.values()) <= voices:
            break
        mine, theirs = len(groups[one]), len(groups[other])
        joined = (mine * similarity[one] + theirs * similarity[other]) / (mine + theirs)
        similarity[one], similarity[:, one] = joined, joined
        similarity[one, one] = similarity[other] = similarity[:, other] = -9.0
        groups[one] += groups.pop(other)
        heard_s[one] += heard_s.pop(other)
    return list(groups.values())


def _mean(prints: Values, seconds: Values) -> Values:
    mean = (prints * seconds[:, None]).sum(axis=0)
    return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-9))


def _by_appearance(path: NDArray[np.int64], speech: NDArray[np.bool_]) -> NDArray[np.int64]:
    heard = path[speech]
    order = sorted(set(heard.tolist()), key=lambda voice: int(np.argmax(heard == voice)))
    renamed = np.zeros(int(path.max()) + 1, np.int64)
    renamed[order] = np.arange(len(order))
    return renamed[path]
