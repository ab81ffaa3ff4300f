"""Figures for the clinic's monitoring: whom they are for, and that they hold nothing of anybody."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from pydantic import ValidationError
from starlette.testclient import TestClient
from support.pool_link import REACHABLE, link_that_says
from support.web_box import NAME
from support.web_client import WebClient, web_client

from app.backup_state import BackupState, Stage, keep_backup_state
from app.settings import AppSettings
from app.web.metrics import is_among


@pytest.fixture
def client(tmp_path: Path) -> Iterator[WebClient]:
    with web_client(tmp_path) as client:
        desk = client.app.state.desk
        settings = desk.settings.model_copy(update={"metrics_for": ("192.168.7.0/28",)})
        client.app.state.desk = replace(desk, settings=settings)
        yield client


def asked_from(client: WebClient, address: str) -> tuple[int, str]:
    with TestClient(client.app, base_url="https://tacet.local", client=(address, 40_000)) as monitor:
        answer = monitor.get("/metrics", follow_redirects=False)
    return answer.status_code, answer.text


def figures(text: str) -> dict[str, float]:
    """By name, and by the state where one is named."""
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return {sample.name + sample.labels.get("state", ""): sample.value for sample in samples}


def test_metrics__asked_by_the_clinics_monitoring__tell_how_the_box_is(client: WebClient) -> None:
    client.new_person()
    keep_backup_state(client.settings.data_dir, BackupState(stage=Stage.FAILED, made_at_ms=1_795_000_000_000))
    status, text = asked_from(client, "192.168.7.9")
    found = figures(text)
    assert status == 200
    assert found["tacet_storage_free_bytes"] > 0
    assert found["tacet_backup_last_success_seconds"] == 1_795_000_000
    assert found["tacet_backup_failed"] == 1
    assert found["tacet_vaults_open"] == 1
    states = [value for name, value in found.items() if name.startswith("tacet_recorder_state")]
    assert sum(states) == found["tacet_recorder_answers"]


def test_metrics__asked_by_anybody_else__are_not_there(client: WebClient) -> None:
    for address in ("192.168.7.16", "10.0.0.1", "testclient"):
        assert asked_from(client, address)[0] == 404


def test_metrics__without_a_setting__are_for_nobody(tmp_path: Path) -> None:
    with web_client(tmp_path) as client:
        assert asked_from(client, "127.0.0.1")[0] == 404


def test_metrics__with_a_person_and_no_backup__name_neither(client: WebClient) -> None:
    vault = client.new_person()
    text = asked_from(client, "192.168.7.1")[1]
    assert NAME not in text
    assert vault.account.vault_id not in text
    assert "backup" not in text


@pytest.mark.parametrize(
    ("address", "there"), [("::ffff:192.168.7.9", True), ("fe80::1%eth0", True), ("192.168.8.9", False), ("", False)]
)
def test_is_among__addresses_as_sockets_give_them__are_understood(address: str, *, there: bool) -> None:
    assert is_among(address, ("192.168.7.9", "fe80::/64")) is there


def test_settings__what_is_no_address__is_refused_with_the_right_way() -> None:
    with pytest.raises(ValidationError, match=r"monitor.clinic is no address; write one like"):
        AppSettings(metrics_for=("monitor.clinic",))


def test_metrics__of_a_box_in_a_pool__tell_whether_it_hears_the_lag_and_who_heard(client: WebClient) -> None:
    assert "pool" not in asked_from(client, "192.168.7.1")[1]
    client.app.state.desk.tally.by_pool = 7
    with link_that_says(client.settings.run_dir, REACHABLE):
        text = asked_from(client, "192.168.7.1")[1]
    assert figures(text)["tacet_pool_hears"] == 1
    assert figures(text)["tacet_pool_lag_seconds"] == REACHABLE.lag_s
    assert 'tacet_windows_heard_total{by="pool"} 7.0' in text
    assert "strong-1" not in text
