"""`python -m tacet.demo_session TARGET`: make the demo session's recording."""

import sys
from pathlib import Path

from tacet.demo_session.synthesise import synthesise
from tacet.demo_session.voices import SynthesiserError


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print("Say where to put the recording: python -m tacet.demo_session build/demo-session.wav", file=sys.stderr)
        return 2
    target = Path(arguments[0])
    try:
        synthesise(target, _show)
    except SynthesiserError as problem:
        print(f"\n{problem}", file=sys.stderr)
        return 1
    except OSError as problem:
        print(f"\nCould not write {target}: {problem.strerror}. Choose another place.", file=sys.stderr)
        return 1
    print(f"\nThe demo session is in {target}.")
    return 0


def _show(spoken: int, turns: int) -> None:
    print(f"\rSpeaking the demo session: {spoken} of {turns} turns", end="", flush=True)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
