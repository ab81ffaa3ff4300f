import os
import shutil
from pathlib import Path

import pytest
from support.toy_models import Toy, toy

import models
from models.errors import ModelDamaged, ModelMissing, ModelUnknown
from models.installed import ModelState, state_of, verify
from models.stamp import STAMP_NAME, is_stamped
from models.verify import check_folder, sha256_of


@pytest.fixture
def some() -> Toy:
    return toy()


@pytest.fixture
def folder(tmp_path: Path, some: Toy) -> Path:
    return some.write(tmp_path / "toy")


def flip_a_byte(path: Path, *, keep_dates: bool = False) -> None:
    before = path.stat()
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    with path.open("r+b") as file:
        file.write(content)
    if keep_dates:
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_check_folder__right__returns(folder: Path, some: Toy) -> None:
    check_folder(folder, some.model)


@pytest.mark.parametrize("name", ["model.bin", "config.json", "tokenizer.json", "vocabulary.txt"])
def test_check_folder__one_bit_wrong__names_the_file_and_what_to_do(folder: Path, some: Toy, name: str) -> None:
    flip_a_byte(folder / name)
    with pytest.raises(ModelDamaged, match=rf"toy/{name} is not the pinned one .* Run: tacet models fetch toy$"):
        check_folder(folder, some.model)


def test_check_folder__cut_off__says_how_much_is_there(folder: Path, some: Toy) -> None:
    (folder / "model.bin").write_bytes(some.content["model.bin"][:-1])
    with pytest.raises(ModelDamaged, match=r"model\.bin is cut off \(2,999,999 bytes, where 3,000,000 are pinned\)"):
        check_folder(folder, some.model)


def test_check_folder__a_byte_too_many__is_damaged(folder: Path, some: Toy) -> None:
    with (folder / "config.json").open("ab") as file:
        file.write(b"\n")
    with pytest.raises(ModelDamaged, match=r"config\.json is too long"):
        check_folder(folder, some.model)


def test_check_folder__one_file_gone__is_damaged(folder: Path, some: Toy) -> None:
    (folder / "tokenizer.json").unlink()
    with pytest.raises(ModelDamaged, match=r"tokenizer\.json is missing\."):
        check_folder(folder, some.model)


def test_check_folder__a_folder_in_a_files_place__is_damaged(folder: Path, some: Toy) -> None:
    (folder / "tokenizer.json").unlink()
    (folder / "tokenizer.json").mkdir()
    with pytest.raises(ModelDamaged, match=r"tokenizer\.json is missing\."):
        check_folder(folder, some.model)


@pytest.mark.parametrize("stray", ["preprocessor_config.json", "vocabulary.json"])
def test_check_folder__file_that_a_loader_would_pick_up__is_damaged(folder: Path, some: Toy, stray: str) -> None:
    (folder / stray).write_text("{}")
    with pytest.raises(ModelDamaged, match=rf"{stray} does not belong"):
        check_folder(folder, some.model)


def test_check_folder__nothing_there__is_missing(tmp_path: Path, some: Toy) -> None:
    with pytest.raises(ModelMissing, match=r"speech model toy is not in .* Run: tacet models fetch toy$"):
        check_folder(tmp_path / "toy", some.model)


def test_sha256_of__any_file__reports_every_byte(folder: Path) -> None:
    done: list[int] = []
    sha256_of(folder / "model.bin", done.append)
    assert sum(done) == 3_000_000
    assert len(done) == 3


def test_locate__first_time__verifies_and_stamps(tmp_path: Path, folder: Path, some: Toy) -> None:
    assert state_of(tmp_path, some.model) is ModelState.UNVERIFIED
    assert models.locate(tmp_path, "toy", some.manifest) == folder
    assert state_of(tmp_path, some.model) is ModelState.INSTALLED


def test_locate__stamped__reads_no_model_byte(tmp_path: Path, folder: Path, some: Toy) -> None:
    models.locate(tmp_path, "toy", some.manifest)
    # Only a change that keeps size, date and inode shows that no byte was read; `verify` is for that.
    flip_a_byte(folder / "model.bin", keep_dates=True)
    assert models.locate(tmp_path, "toy", some.manifest) == folder


def test_verify__change_that_the_stamp_cannot_see__is_found_and_the_stamp_taken_back(
    tmp_path: Path, folder: Path, some: Toy
) -> None:
    models.locate(tmp_path, "toy", some.manifest)
    flip_a_byte(folder / "model.bin", keep_dates=True)
    with pytest.raises(ModelDamaged):
        verify(tmp_path, some.model)
    with pytest.raises(ModelDamaged):
        models.locate(tmp_path, "toy", some.manifest)


def test_locate__file_changed_after_the_stamp__is_damaged(tmp_path: Path, folder: Path, some: Toy) -> None:
    models.locate(tmp_path, "toy", some.manifest)
    flip_a_byte(folder / "model.bin")
    with pytest.raises(ModelDamaged, match=r"model\.bin"):
        models.locate(tmp_path, "toy", some.manifest)


def test_locate__stray_file_after_the_stamp__is_damaged(tmp_path: Path, folder: Path, some: Toy) -> None:
    models.locate(tmp_path, "toy", some.manifest)
    (folder / "vocabulary.json").write_text("[]")
    with pytest.raises(ModelDamaged, match=r"vocabulary\.json does not belong"):
        models.locate(tmp_path, "toy", some.manifest)


def test_stamp__other_pins__counts_for_nothing(tmp_path: Path, folder: Path, some: Toy) -> None:
    verify(tmp_path, some.model)
    assert is_stamped(folder, some.model)
    assert not is_stamped(folder, some.model.model_copy(update={"revision": "0" * 40}))


def test_stamp__copied_with_its_files__counts_for_nothing(tmp_path: Path, folder: Path, some: Toy) -> None:
    verify(tmp_path, some.model)
    copy = tmp_path / "elsewhere" / "toy"
    shutil.copytree(folder, copy)  # keeps the dates
    assert not is_stamped(copy, some.model)


@pytest.mark.parametrize("text", ["", "null", "[1]", "{", "\x00"])
def test_stamp__garbled__counts_for_nothing(tmp_path: Path, folder: Path, some: Toy, text: str) -> None:
    verify(tmp_path, some.model)
    (folder / STAMP_NAME).write_text(text)
    assert not is_stamped(folder, some.model)


def test_locate__unknown_name__says_so(tmp_path: Path, some: Toy) -> None:
    with pytest.raises(ModelUnknown, match="did you mean toy"):
        models.locate(tmp_path, "toi", some.manifest)


def test_state_of__sizes_only__tells_damaged_from_absent(tmp_path: Path, folder: Path, some: Toy) -> None:
    (folder / "config.json").write_bytes(b"short")
    assert state_of(tmp_path, some.model) is ModelState.DAMAGED
    assert state_of(tmp_path / "nowhere", some.model) is ModelState.ABSENT
