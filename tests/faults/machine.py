"""The recorder's state machine under Hypothesis, spread over processes."""

import json
import sys
from concurrent.futures import ThreadPoolExecutor

from hypothesis import HealthCheck, settings
from hypothesis import seed as hypothesis_seed
from hypothesis.stateful import run_state_machine_as_test

from faults.box_machine import BoxMachine, Steps
from faults.program import answer_of
from faults.promise import Figure, Progress, Scale

STEPS_A_RUN = 50
RUNS_A_PROCESS = 100
AT_ONCE = 2
SETTINGS = settings(
    stateful_step_count=STEPS_A_RUN,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
    print_blob=False,
)


def safe_in_every_step(scale: Scale, progress: Progress) -> Figure:
    """Process after process, until enough steps are taken: their seeds are 0, 1, 2..."""
    wanted = scale.of(100_000, 1_500)
    runs = scale.of(RUNS_A_PROCESS, 15)
    steps = recordings = seed = 0
    violations: list[str] = []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        while steps < wanted and not violations:
            seeds = range(seed, seed := seed + AT_ONCE)
            for answer in pool.map(lambda chosen: answer_of("faults.machine", chosen, runs), seeds):
                steps += answer["steps"]
                recordings += answer["recordings"]
                violations += answer["violations"]
            progress(f"{steps:,} of {wanted:,} steps")
    words = f"{len(violations)} violations in {steps:,} steps with {recordings:,} recordings begun (tapes in memory)"
    words += f": {', '.join(sorted(set(violations)))}" if violations else ""
    return Figure(words, kept=not violations and recordings > steps // 100)


def run(seed: int, runs: int) -> list[str]:
    """What did not hold. The test of the same machine in the suite prints the shortest way there."""
    try:
        run_state_machine_as_test(hypothesis_seed(seed)(BoxMachine), settings=settings(SETTINGS, max_examples=runs))
    except Exception as error:  # noqa: BLE001  one of ours, one of the recorder's, or a group of them
        return [f"{type(found).__name__}: {found}" for found in getattr(error, "exceptions", [error])]
    return []


if __name__ == "__main__":
    violations = run(int(sys.argv[1]), int(sys.argv[2]))
    print(json.dumps({"steps": Steps.taken, "recordings": Steps.recordings, "violations": violations}))  # noqa: T201  the answer to the bench
