from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from support.toy_models import toy, write_manifest

from models.convert import CONVERSIONS
from models.errors import ManifestWrong, ModelUnknown
from models.manifest import Manifest, Model, read_manifest


def test_bundled_manifest__base_and_tiny__have_the_pins_that_were_checked_by_hand() -> None:
    manifest = read_manifest()
    pins = {file.name: file.sha256 for name in ("base", "tiny.en") for file in manifest.find(name).files[:1]}
    assert manifest.default == "base"
    assert manifest.find("base").files[0].sha256.startswith("d01c3014881c9c6f")
    assert manifest.find("tiny.en").files[0].sha256.startswith("1a5afae06a4db91c")
    assert set(pins) == {"model.bin"}


WORD_MODELS = [model for model in read_manifest().models if model.hears == "words"]


@pytest.mark.parametrize("model", WORD_MODELS, ids=lambda model: model.name)
def test_bundled_manifest__each_model_of_words__has_all_that_the_recogniser_loads(model: Model) -> None:
    names = {file.name for file in model.files}
    assert {"model.bin", "config.json", "tokenizer.json"} < names
    assert len(names & {"vocabulary.txt", "vocabulary.json"}) == 1
    assert model.licence == "MIT"


def test_bundled_manifest__model_of_voices__is_made_here_of_a_pinned_package() -> None:
    model = read_manifest().find("campplus")
    assert model.hears == "voices"
    assert model.mirror is not None
    assert model.mirror.conversion in CONVERSIONS


def test_bundled_manifest__turbo__brings_its_128_mel_bands() -> None:
    names = [file.name for file in read_manifest().find("large-v3-turbo").files]
    assert "preprocessor_config.json" in names


def test_bundled_manifest__multilingual_siblings__share_tokenizer_and_vocabulary() -> None:
    manifest = read_manifest()
    for sibling, other in (("base", "small"), ("tiny.en", "small.en")):
        pins = [{file.name: file.sha256 for file in manifest.find(name).files} for name in (sibling, other)]
        assert [pins[0][name] == pins[1][name] for name in ("tokenizer.json", "vocabulary.txt")] == [True, True]


def test_find__misspelt__names_the_nearest() -> None:
    with pytest.raises(ModelUnknown, match=r"no model called bse; did you mean base\? Known are base, tiny\.en"):
        read_manifest().find("bse")


def test_find__nothing_near__only_lists() -> None:
    with pytest.raises(ModelUnknown, match=r"^There is no model called qqqqqq\. Known are base"):
        read_manifest().find("qqqqqq")


def test_read_manifest__round_trip__equals(tmp_path: Path) -> None:
    some = toy()
    assert read_manifest(write_manifest(tmp_path / "m.toml", some)) == some.manifest


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "../escape"),
        ("name", ".hidden"),
        ("revision", "main"),
        ("revision", "0d3d19a"),
        ("repo", "no-slash"),
        ("files", []),
        ("colour", "red"),
    ],
)
def test_model__bad_field__is_refused(field: str, value: Any) -> None:
    facts = toy().model.model_dump() | {field: value}
    with pytest.raises(ValidationError):
        Model.model_validate(facts)


@pytest.mark.parametrize(("field", "value"), [("name", "a/b"), ("size_bytes", 0), ("sha256", "d01c3014881c9c6f")])
def test_model__bad_file__is_refused(field: str, value: Any) -> None:
    facts = toy().model.model_dump()
    facts["files"] = [facts["files"][0] | {field: value}]
    with pytest.raises(ValidationError):
        Model.model_validate(facts)


def test_model__same_file_twice__is_refused() -> None:
    facts = toy().model.model_dump()
    facts["files"] = [facts["files"][0], facts["files"][0]]
    with pytest.raises(ValidationError, match="twice"):
        Model.model_validate(facts)


def test_model__mirror_without_a_files_parts__is_refused() -> None:
    facts = toy().model.model_dump() | {"mirror": {"wheels": [], "parts": {"model.bin": ["x/model.bin"]}}}
    with pytest.raises(ValidationError, match="parts of each"):
        Model.model_validate(facts)


def test_manifest__default_that_is_not_there__is_refused() -> None:
    with pytest.raises(ValidationError, match="default"):
        Manifest(default="other", models=(toy().model,))


def test_manifest__same_name_twice__is_refused() -> None:
    with pytest.raises(ValidationError, match="same name"):
        Manifest(default="toy", models=(toy().model, toy().model))


@pytest.mark.parametrize("text", [b"default = ", b"\xff\xfe", b'default = "x"'])
def test_read_manifest__unusable__says_so_in_one_sentence(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "m.toml"
    path.write_bytes(text)
    with pytest.raises(ManifestWrong, match="cannot be used; install Tacet again"):
        read_manifest(path)


def test_digest__purpose_changed__stays() -> None:
    model = toy().model
    assert model.model_copy(update={"purpose": "Other words."}).digest == model.digest


def test_digest__a_pin_changed__differs() -> None:
    model, other = toy(seed=1).model, toy(seed=2).model
    assert other.digest != model.digest
    assert toy().model.model_copy(update={"revision": "0" * 40}).digest != model.digest
