"""The clinic's own certificate, from the boot partition to the page's settings."""

import stat
from pathlib import Path

import pytest

from app.tls import ensure_certificate
from app.web.serving import certificate_for
from tacet.provision.provision import Places, provision
from tacet.settings import load_settings


@pytest.fixture
def places(tmp_path: Path) -> Places:
    made = {name: tmp_path / name for name in ("boot", "identity", "effective", "network", "etc")}
    for name in ("boot", "identity", "etc"):
        made[name].mkdir()
    (made["boot"] / "tacet.toml").write_text('[box]\nname = "tacet-room-3"\n')
    return Places(**made)


def put(places: Places, tmp_path: Path, name: str = "one") -> tuple[bytes, bytes]:
    """A pair for the boot partition, as a clinic's authority would give it."""
    made = ensure_certificate(tmp_path / name, "tacet-room-3")
    certificate, key = made.cert_path.read_bytes(), made.key_path.read_bytes()
    (places.boot / "certificate.pem").write_bytes(certificate)
    (places.boot / "certificate-key.pem").write_bytes(key)
    return certificate, key


def start(places: Places) -> tuple[str, str]:
    """What the page is served with after a start, and what is wrong with it."""
    provision(places, lambda _: None)
    settings = load_settings(places.effective / "tacet.toml").app
    settings = settings.model_copy(update={"data_dir": places.boot.parent / "data"})
    found, problem = certificate_for(settings)
    return found.cert_path.parent.name, problem


def test_certificate__put_beside_the_settings__is_served_and_its_key_is_wiped_there(
    places: Places, tmp_path: Path
) -> None:
    _, key = put(places, tmp_path)
    assert start(places) == ("identity", "")
    assert not (places.boot / "certificate-key.pem").exists()
    kept = places.identity / "certificate-key.pem"
    assert kept.read_bytes() == key
    assert stat.S_IMODE(kept.stat().st_mode) == 0o640
    assert start(places) == ("identity", "")  # and after every later start


def test_certificate__a_new_pair__replaces_the_one_before(places: Places, tmp_path: Path) -> None:
    put(places, tmp_path)
    start(places)
    _, key = put(places, tmp_path, "two")
    assert start(places) == ("identity", "")
    assert (places.identity / "certificate-key.pem").read_bytes() == key


def test_certificate__without_its_key__changes_nothing(places: Places, tmp_path: Path) -> None:
    put(places, tmp_path)
    (places.boot / "certificate-key.pem").unlink()
    assert start(places) == ("tls", "")


def test_certificate__of_another_key__is_told_and_the_box_has_its_own(places: Places, tmp_path: Path) -> None:
    put(places, tmp_path)
    start(places)
    put(places, tmp_path, "two")
    (places.boot / "certificate-key.pem").unlink()
    folder, problem = start(places)
    assert folder == "tls"
    assert "does not fit" in problem


def test_certificate__empty__takes_both_away(places: Places, tmp_path: Path) -> None:
    put(places, tmp_path)
    start(places)
    (places.boot / "certificate.pem").write_text("\n")
    assert start(places) == ("tls", "")
    assert not list(places.identity.glob("certificate*"))
