"""How the box is, in figures for Prometheus. No content, no names, no ids. The only file that knows its library."""

from collections.abc import Iterator
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4 as CONTENT_TYPE

__all__ = ["CONTENT_TYPE", "Health", "as_text"]


@dataclass(frozen=True, slots=True)
class PoolHealth:
    """The pool as this box sees it; what it does for others is its own to tell."""

    hears: bool
    refuses: bool
    lag_s: float  # of the window that this box waits for
    waited_s: float  # for the last one
    windows_by_pool: int  # since the app was started
    windows_by_box: int


@dataclass(frozen=True, slots=True)
class Health:
    """One box at one moment."""

    recorder: str | None  # its state's name; None while it does not answer
    states: tuple[str, ...]  # all that there are, so that each is a series from the first day on
    speech_works: bool
    free_bytes: int
    total_bytes: int
    open_vaults: int
    backup_made_at_s: float | None  # the last finished one, 0 for none yet; None where none are set up
    backup_failed: bool
    certificate_ends_at_s: float
    waiting_sessions: int  # to be heard, of vaults that are open
    waiting_s: float  # of sound
    temperature_c: float | None = None  # of the hottest sensor; None where there is none
    pool: PoolHealth | None = None  # None where the box is in none


@dataclass(frozen=True, slots=True)
class _Readings:
    health: Health

    def collect(self) -> Iterator[Metric]:
        health = self.health
        yield _one("tacet_recorder_answers", "1 while the recorder answers.", health.recorder is not None)
        states = GaugeMetricFamily("tacet_recorder_state", "1 for the state that the recorder is in.", labels=["state"])
        for state in health.states:
            states.add_metric([state], float(state == health.recorder))
        yield states
        yield _one("tacet_speech_works", "1 while recordings can be written down.", health.speech_works)
        yield _one("tacet_waiting_sessions", "Sessions of open vaults that wait to be heard.", health.waiting_sessions)
        yield _one("tacet_waiting_sound_seconds", "Sound that waits to be heard.", health.waiting_s)
        yield _one("tacet_storage_free_bytes", "Free where recordings are kept.", health.free_bytes)
        yield _one("tacet_storage_size_bytes", "Room where recordings are kept.", health.total_bytes)
        yield _one("tacet_vaults_open", "Vaults that are unlocked now.", health.open_vaults)
        yield _one("tacet_certificate_end_seconds", "When the page's certificate ends.", health.certificate_ends_at_s)
        if health.temperature_c is not None:
            yield _one("tacet_temperature_celsius", "Of the hottest sensor.", health.temperature_c)
        if health.backup_made_at_s is not None:
            yield _one("tacet_backup_last_success_seconds", "When the last one ended, or 0.", health.backup_made_at_s)
            yield _one("tacet_backup_failed", "1 where the last try failed.", health.backup_failed)
        if health.pool is not None:
            yield from _of_pool(health.pool)


def _of_pool(pool: PoolHealth) -> Iterator[Metric]:
    yield _one("tacet_pool_hears", "1 while the pool can be reached and a machine of it hears.", pool.hears)
    yield _one("tacet_pool_refuses", "1 while pool and box cannot work together.", pool.refuses)
    yield _one("tacet_pool_lag_seconds", "For how long this box waits for a window now.", pool.lag_s)
    yield _one("tacet_pool_last_wait_seconds", "How long its last window took.", pool.waited_s)
    windows = CounterMetricFamily("tacet_windows_heard", "Windows heard, by whom.", labels=["by"])
    windows.add_metric(["pool"], float(pool.windows_by_pool))
    windows.add_metric(["box"], float(pool.windows_by_box))
    yield windows


def as_text(health: Health) -> bytes:
    """In the text format, which Prometheus and what stands in for it read."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Readings(health))
    return generate_latest(registry)


def _one(name: str, words: str, value: float) -> Metric:
    return GaugeMetricFamily(name, words, value=float(value))
