"""What to choose of a decoder's scores: Whisper's rules for timestamps, and beam search. Pure.

The rules are those of `ApplyTimestampRules` and the search that of `BeamSearchDecoder` in `whisper/decoding.py`.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float32]
Tokens = tuple[int, ...]

NEVER = np.float32(-np.inf)


class Reading(Protocol):
    """Scores what may be said next of one sound, for several texts that began alike."""

    def go_on(self, tokens: Sequence[int], parents: Sequence[int]) -> Scores:
        """Add a token to each text, by its number in the step before; give what follows, shape (texts, tokens)."""
        ...


@dataclass(frozen=True, slots=True)
class Rules:
    """Which tokens may follow which."""

    never: NDArray[np.intp]  # not said in a transcript
    not_first: NDArray[np.intp]  # a text does not begin with these
    end: int  # everything below is text
    first_time: int  # everything from here on is a time, 20 ms a token
    latest_start: int  # of the first sentence, in such steps

    def allowed(self, scores: Scores, said: Tokens) -> Scores:
        """Give the scores with what may not follow set to minus infinity."""
        allowed = scores.copy()
        allowed[self.never] = NEVER
        if not said:
            allowed[self.not_first] = NEVER
            allowed[: self.first_time] = NEVER
            allowed[self.first_time + self.latest_start + 1 :] = NEVER
            return allowed
        after_time = said[-1] >= self.first_time
        between = after_time and (len(said) == 1 or said[-2] >= self.first_time)  # a sentence begins
        if between:
            allowed[self.first_time :] = NEVER
        elif after_time:
            allowed[: self.end] = NEVER
        if times := [token for token in said if token >= self.first_time]:
            soonest = times[-1] if after_time and not between else times[-1] + 1
            allowed[self.first_time : soonest] = NEVER
        return allowed

    def log_probabilities(self, scores: Scores, said: Tokens) -> Scores:
        """Give the log probability of each token, among those that may follow."""
        allowed = self.allowed(scores, said)
        allowed -= allowed.max()
        weights = np.exp(allowed)
        times, words = weights[self.first_time :], weights[: self.first_time]
        total = times.sum()
        if total > words.max():  # a time is likelier than any word
            allowed[: self.first_time] = NEVER
        else:
            total += words.sum()
        return np.asarray(allowed - np.log(total))


@dataclass(frozen=True, slots=True)
class Text:
    """Tokens, without the end. Speech in clear.

    Of each token, and of the end where it came to one: its log probability, and by its place in the step before the
    text that it was added to.
    """

    tokens: Tokens = field(default=(), repr=False)
    log_probabilities: tuple[float, ...] = field(default=(), repr=False)
    parents: tuple[int, ...] = ()
    log_probability: float = 0.0  # of all of them

    def followed(self, token: int, log_probability: float, parent: int) -> "Text":
        """Add a token."""
        return replace(self.ended(log_probability, parent), tokens=(*self.tokens, token))

    def ended(self, log_probability: float, parent: int) -> "Text":
        """Add the end."""
        return Text(
            self.tokens,
            (*self.log_probabilities, log_probability),
            (*self.parents, parent),
            self.log_probability + log_probability,
        )

    @property
    def mean(self) -> float:
        return self.log_probability / max(1, len(self.tokens))


def search(reading: Reading, scores: Scores, rules: Rules, beams: int, most: int) -> Text:
    """Give the text of the highest mean log probability among those that so many beams come to.

    Args:
        reading: has read the prompt.
        scores: of what follows it, shape (tokens,).
        rules: which tokens may follow which.
        beams: how many texts go on side by side.
        most: tokens, where no text has come to its end by then.
    """
    going, ended, following = [Text()], list[Text](), scores[np.newaxis]
    for number in range(most):
        going, parents, new = _step(going, following, rules, beams)
        ended += new
        if len(ended) >= beams or not going:
            return max(ended, key=lambda text: text.mean)
        if number < most - 1:
            following = reading.go_on([text.tokens[-1] for text in going], parents)
    return max(ended + going, key=lambda text: text.mean)


def sample(reading: Reading, scores: Scores, rules: Rules, draw: Callable[[Scores], int], most: int) -> Text:
    """Give a text of tokens that `draw` takes by their log probabilities. Other arguments as for a search."""
    text = Text()
    for _ in range(most):
        likely = rules.log_probabilities(scores, text.tokens)
        token = draw(likely)
        if token == rules.end:
            return text.ended(float(likely[token]), 0)
        text = text.followed(token, float(likely[token]), 0)
        scores = reading.go_on([token], [0])[0]
    return text


def drawn(temperature: float, seed: int) -> Callable[[Scores], int]:
    """Draw tokens by their probability, which a temperature above zero makes more even."""
    chance = np.random.default_rng(seed)

    def draw(log_probabilities: Scores) -> int:
        weights = np.exp(log_probabilities.astype(np.float64) / temperature)
        return int(chance.choice(len(weights), p=weights / weights.sum()))

    return draw


def _step(going: Sequence[Text], scores: Scores, rules: Rules, beams: int) -> tuple[list[Text], list[int], list[Text]]:
    """Give the texts that go on, what each goes on from, and those that ended among the likeliest."""
    candidates = sorted(
        (
            (text.log_probability + likely, number, token, likely)
            for number, text in enumerate(going)
            for likely, token in _likeliest(rules.log_probabilities(scores[number], text.tokens), beams + 1)
        ),
        reverse=True,
    )
    on, parents, ended = list[Text](), list[int](), list[Text]()
    for rank, (_, number, token, likely) in enumerate(candidates):
        if token != rules.end:
            on.append(going[number].followed(token, likely, number))
            parents.append(number)
        elif rank < beams:
            ended.append(going[number].ended(likely, number))
        if len(on) == beams:
            break
    return on, parents, ended


def _likeliest(log_probabilities: Scores, count: int) -> Iterator[tuple[float, int]]:
    """Give so many tokens, best first; uses the scores up."""
    for _ in range(count):
        token = int(log_probabilities.argmax())
        if log_probabilities[token] == NEVER:
            return
        yield float(log_probabilities[token]), token
        log_probabilities[token] = NEVER
