"""Whisper's decoder on OpenVINO: texts that go on token by token, for one sound or several side by side.

The networks are `app.asr.step`'s; what to choose of the scores is `app.asr.beams`'s.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from threading import Condition, Lock

import numpy as np
import openvino as ov
from numpy.typing import NDArray

from app.asr.beams import Scores
from app.asr.layers import Bits, Encoded, Weights
from app.asr.looks import ALL_BEAMS
from app.asr.model_file import variables
from app.asr.rooms import Rooms, Sound
from app.asr.step import ASKED, POSITIONS, memory, state_of, step
from app.asr.threads import options, quickest, streams

Listened = Bits  # how far each position of the sound was listened to

READ_AT_ONCE = (64, 32, 16, 8, 4, 3, 2, 1)  # tokens: a network keeps some MB for each number that it was ever given
STEP_OPTIONS = {
    "INFERENCE_PRECISION_HINT": "f32",
    "DYNAMIC_QUANTIZATION_GROUP_SIZE": 32,  # of the values that meet int8 weights; the fewer, the more exact
    "KV_CACHE_PRECISION": "u8",  # of the text so far, of which each beam has its own
}
LONG_TEXT = 320  # tokens: what is told before a window, and 20 s of quick speech
MULTILINGUAL_TOKENS = 51_865  # at least, as CTranslate2 tells it


Processors = AbstractContextManager[object]  # whoever is in it has all of them, where there is one to wait for


@dataclass(frozen=True, slots=True)
class Asked:
    """A step of one sound."""

    tokens: NDArray[np.int32] = field(repr=False)  # shape (texts, tokens)
    first_place: int  # of these tokens in the text
    parents: Sequence[int]  # the texts of the step before that these go on from
    wanted: Sequence[int]  # after which of the tokens

    def tensors(self) -> Iterator[ov.Tensor]:
        places = range(self.first_place, self.first_place + self.tokens.shape[1])
        for values in (self.tokens, places, self.parents, self.wanted):
            yield ov.Tensor(np.array(values, np.int32))


NOTHING = Asked(np.zeros((0, 1), np.int32), 0, (), (0,))
SOMETHING = Asked(np.zeros((1, 1), np.int32), 0, (0,), (0,))


class Network:
    """One network for several sounds: those that go on take each step together, as reading the weights is most of it.

    Whoever asks last has the step taken for all, and the others wait for it; what it gave holds until one's next step.
    A sound's scores are the same, whoever else is there.
    """

    def __init__(self, request: ov.InferRequest, sounds: int, silence: Sound, processors: Processors) -> None:
        """`silence` is where nobody hears anything."""
        self.processors = processors
        self.sounds = sounds
        self._request = request
        self._inputs = len(request.get_compiled_model().inputs) // sounds
        self._states = [
            [state for state in request.query_state() if state.name.startswith(state_of(sound))]
            for sound in range(sounds)
        ]
        self._asked: list[Asked | None] = [None] * sounds
        self._found: list[Scores | BaseException | None] = [None] * sounds
        self._going: set[int] = set()
        self._heard = [silence] * sounds  # held, as OpenVINO does not hold what its tensors lie in
        self._turn = Condition()
        for sound in range(sounds):
            self.hear(sound, silence)
        self._asked = [SOMETHING] * sounds
        self._take()  # OpenVINO cannot pass over a sound before it has had a text
        self._asked, self._found = [None] * sounds, [None] * sounds

    def hear(self, sound: int, heard: Sound) -> None:
        """Hear this in the place of what was heard before; nothing goes on there."""
        with self._turn:
            for number, tensor in enumerate(heard.tensors, start=sound * self._inputs + ASKED):
                self._request.set_input_tensor(number, tensor)
            self._heard[sound] = heard
            self._forget(sound)

    @contextmanager
    def going(self, sound: int) -> Iterator[None]:
        """Begin its texts anew, and go on with those of the others until the context is left."""
        with self._turn:
            self._forget(sound)
            self._going.add(sound)
        try:
            yield
        finally:
            with self._turn:
                self._going.remove(sound)
                self._take_if_all_asked()

    def take(self, sound: int, asked: Asked) -> Scores:
        """Take a step, shape (texts or places wanted, tokens)."""
        with self._turn:
            self._asked[sound] = asked
            self._take_if_all_asked()
            self._turn.wait_for(lambda: self._found[sound] is not None)
            found, self._found[sound] = self._found[sound], None
        if isinstance(found, BaseException):
            raise found
        assert found is not None
        return found

    def listened(self, sound: int) -> Listened:
        """Tell where the heads that follow the sound listened at each token of its last step."""
        return np.array(self._request.get_output_tensor(1 + sound).data.view(np.uint16))

    def _forget(self, sound: int) -> None:
        for state in self._states[sound]:
            state.reset()

    def _take_if_all_asked(self) -> None:
        if not self._going or any(self._asked[sound] is None for sound in self._going):
            return
        try:
            self._take()
        except BaseException as error:  # noqa: BLE001  for whoever waits, too
            for sound in self._going:
                self._found[sound] = error
        self._asked = [None] * len(self._asked)
        self._turn.notify_all()

    def _take(self) -> None:
        for sound, asked in enumerate(self._asked):
            for number, tensor in enumerate((asked or NOTHING).tensors(), start=sound * self._inputs):
                self._request.set_input_tensor(number, tensor)
        with self.processors:
            self._request.infer(share_outputs=True)
        scores, first = np.asarray(self._request.get_output_tensor(0).data), 0
        for sound, asked in enumerate(self._asked):
            if asked is not None:
                behind = first + len(asked.tokens) * len(asked.wanted)
                self._found[sound], first = scores[first:behind], behind


class Reading:
    """Scores what may be said next of one sound, for several texts that began alike."""

    def __init__(self, network: Network, sound: int) -> None:
        self._network, self._sound = network, sound
        self._place = 0

    @contextmanager
    def begun(self, prompt: Sequence[int], wanted: Sequence[int]) -> Iterator[Scores]:
        """Read a prompt anew; give what follows its tokens at the places `wanted`, shape (places, tokens).

        In the context its texts go on.
        """
        with self._network.going(self._sound):
            self._place = 0
            found = list[Scores]()
            while some := _at_once(prompt[self._place :]):
                first = self._place
                here = [place - first for place in wanted if first <= place < first + len(some)]
                scores = self._take(np.array([some], np.int32), [0], here)
                found += [np.array(scores)] if here else []
            yield np.concatenate(found)

    def go_on(self, tokens: Sequence[int], parents: Sequence[int]) -> Scores:
        """Add a token to each text that goes on, by its number in the step before; shape (texts, tokens).

        What it gives is overwritten by the next step.
        """
        return self._take(np.array(tokens, np.int32)[:, np.newaxis], parents, [0])

    def listened(self) -> Listened:
        """Tell where the heads that follow the sound listened at each token just read, (heads, tokens, positions)."""
        return self._network.listened(self._sound)

    def _take(self, tokens: NDArray[np.int32], parents: Sequence[int], wanted: Sequence[int]) -> Scores:
        asked = Asked(tokens, self._place, parents, wanted)
        self._place += tokens.shape[1]
        return self._network.take(self._sound, asked)


class FastDecoder:
    """Decodes up to `at_once` sounds side by side.

    Two threads on a token wait for each other some 150 times. Where that is quicker all the same, the sounds take their
    steps together with them; else each has a network and a thread of its own. The scores are the same. Two such threads
    must not meet two of the encoder's, so whatever has all the processors takes turns with the others.
    """

    def __init__(self, folder: Path, at_once: int, cores: int, following: Sequence[tuple[int, int]]) -> None:
        """Build and compile the networks, and see how many threads are quickest; a second and a half.

        Args:
            folder: of the CTranslate2 model.
            at_once: sounds.
            cores: to use.
            following: layer and number of the heads that follow the sound.

        Raises:
            UnknownLayoutError: the model's file is not one that can be read here.
        """
        weights = variables(folder / "model.bin", "decoder/")
        self.is_multilingual = len(weights["embeddings/weight"]) >= MULTILINGUAL_TOKENS
        remembering = memory(weights)
        self._rooms = Rooms(remembering, POSITIONS)
        self._silence = self._rooms.of_one_position()
        made = dict[int, list[Network]]()

        def stepping(threads: int) -> Callable[[], object]:
            made[threads] = self._networks(weights, at_once, cores, threads, following)
            return partial(_trial, made[threads][0], self._rooms.taken(POSITIONS))

        self.threads = quickest(stepping, cores)
        networks = made.get(self.threads) or self._networks(weights, at_once, cores, self.threads, following)
        made.clear()
        self.processors = networks[0].processors
        how = {**options(self.threads, 1, cores), "INFERENCE_PRECISION_HINT": "bf16"}
        self._memory, self._turn = ov.Core().compile_model(remembering, "CPU", how).create_infer_request(), Lock()
        self._free = SimpleQueue[tuple[Network, int]]()
        for network in networks:
            for sound in range(network.sounds):
                self._free.put((network, sound))
        for _ in range(at_once):
            self._read_long_text()

    def _networks(
        self, weights: Weights, at_once: int, cores: int, threads: int, following: Sequence[tuple[int, int]]
    ) -> list[Network]:
        count = streams(threads, at_once, cores)
        sounds = -(-at_once // count)
        how = {**options(threads, at_once, cores), **STEP_OPTIONS}
        stepping = ov.Core().compile_model(step(weights, following, sounds), "CPU", how)
        processors = Lock() if count == 1 else nullcontext()
        return [Network(stepping.create_infer_request(), sounds, self._silence, processors) for _ in range(count)]

    def _read_long_text(self) -> None:
        """Take the memory of one now, not in the middle of a session; each sound has its turn."""
        with self.reading(self._rooms.taken(POSITIONS)) as reading, reading.begun([0] * LONG_TEXT, [0]):
            reading.go_on([0] * ALL_BEAMS, [0] * ALL_BEAMS)

    def remember(self, encoded: Encoded) -> Sound:
        """Make of an encoded window what every step listens to."""
        sound = self._rooms.taken(encoded.shape[1])
        with self._turn, self.processors:
            self._memory.set_input_tensor(ov.Tensor(encoded, shared_memory=True))
            for number, tensor in enumerate(sound.tensors):
                self._memory.set_output_tensor(number, tensor)
            self._memory.infer(share_outputs=True)
        return sound

    @contextmanager
    def reading(self, sound: Sound) -> Iterator[Reading]:
        """Take a place at this decoder for one sound; waits for one where all are taken."""
        network, place = self._free.get()
        network.hear(place, sound)
        try:
            yield Reading(network, place)
        finally:
            network.hear(place, self._silence)
            self._free.put((network, place))


def _at_once(tokens: Sequence[int]) -> Sequence[int]:
    """Give the first of them that are read together."""
    return tokens[: next((count for count in READ_AT_ONCE if count <= len(tokens)), 0)]


def _trial(network: Network, sound: Sound) -> None:
    """Take a step of a whole window, with two beams."""
    network.hear(0, sound)
    with network.going(0):
        network.take(0, Asked(np.zeros((2, 1), np.int32), 0, (0, 1), (0,)))
