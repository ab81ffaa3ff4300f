"""What is promised of the image, in the order in which it is seen: by two boxes beside each other, then of both."""

import contextlib
import functools
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from faults.promise import Figure, Progress, Promise, Scale

from image import configuration, confinement, cuts, identity, tpm, updating, writing
from image.bundles import REFUSED, Maker
from image.lab import NAME, TACET_TOML, Lab
from image.machine import Machine, MachineError
from image.moments import Moment, go_on
from image.page import fetch, offered_trust, title
from image.recording import recorded_and_heard
from image.visiting import SAMPLE_RATE_HZ, set_up

RECORDED_S: Final = 8.0  # of the demo session: 18 words, and one window to be heard
MISTAKE: Final = "tacet.toml, line 2"
CONSOLE_WITHIN_S: Final = 300.0
KNOWN_SHARE: Final = 0.7
CUT_SEED: Final = 20261
Measure = Callable[[Lab, Scale, Progress], Figure]


def starts_through_firmware(lab: Lab, _: Scale, progress: Progress) -> Figure:
    progress("starting from the disk as flashed")
    box = lab.box("first")
    seen = lab.first_seen("first")
    name = box.out("hostname")
    trusted = fetch(box, offered_trust(box, NAME), f"{NAME}.local", "/")
    failed = confinement.failed_units(box)
    words = f"page after {seen.after_s:.0f} s ({seen.work_s:.0f} s of a processor): {title(seen.text)!r}, "
    words += f"TLS trusted by its own authority, named {name}"
    words += f", failed units: {', '.join(failed)}" if failed else ", no unit failed"
    return Figure(words, "set" in seen.text.lower() and trusted.status == 200 and name == NAME and not failed)


def units_have_their_users(lab: Lab, _: Scale, __: Progress) -> Figure:
    found = confinement.users(lab.box("first"))
    return Figure(", ".join(f"{service} {user}" for service, user in found.items()), found == confinement.USERS)


def units_are_confined(lab: Lab, _: Scale, __: Progress) -> Figure:
    found = confinement.exposures(lab.box("first"))
    words = ", ".join(f"{unit} {score:.1f}" for unit, score in found.items())
    return Figure(words, max(found.values()) <= confinement.MOST_EXPOSED)


def probes_are_refused(lab: Lab, _: Scale, progress: Progress) -> Figure:
    box = lab.box("first")
    progress("as root")
    possible = {one.probe for one in confinement.possible(box) if not one.refused}
    tried = []
    for service in confinement.FORBIDDEN:
        progress(f"as {service}")
        tried += confinement.probed(box, service)
    done = [f"{one.service} {one.probe}" for one in tried if not one.refused]
    hollow = sorted({one.probe for one in tried} - possible)
    words = f"{len(tried) - len(done)} of {len(tried)} refused"
    words += f"; NOT refused: {', '.join(done)}" if done else ""
    words += f"; root cannot either, so they show nothing: {', '.join(hollow)}" if hollow else ""
    return Figure(words, not done)


def recording_is_written_down(lab: Lab, _: Scale, progress: Progress) -> Figure:
    progress("recording, then hearing")
    heard = recorded_and_heard(lab.box("first"), lab.folder / "first", RECORDED_S)
    words = f"{heard.samples_in} samples in = {heard.samples_sealed} sealed + {heard.gap_samples} in gaps; "
    words += f"{heard.known_words} of {heard.words} words are those said, "
    words += f"{heard.took_s:.0f} s after the end ({heard.work_s:.0f} s of a processor)"
    whole = (
        heard.samples_in == heard.samples_sealed + heard.gap_samples and heard.session_samples >= heard.samples_sealed
    )
    return Figure(words, whole and heard.known_words > 10 and heard.known_words >= KNOWN_SHARE * heard.words)


def nothing_is_written_elsewhere(lab: Lab, _: Scale, __: Progress) -> Figure:
    found = writing.written_elsewhere(lab.box("first"))
    return Figure(f"{len(found)} files elsewhere{': ' if found else ''}{', '.join(found[:6])}", not found)


def broken_files_are_named(lab: Lab, scale: Scale, progress: Progress) -> Figure:
    progress("one after another")
    named = configuration.all_named(lab.box("first"), scale.of(15, 5))
    wrong = [one.broken for one in named if not one.right]
    words = f"{len(named) - len(wrong)} of {len(named)} named with line and remedy"
    return Figure(words + (f"; not: {', '.join(wrong)}" if wrong else ""), not wrong)


def broken_file_at_the_start(lab: Lab, _: Scale, progress: Progress) -> Figure:
    lab.rest("first")
    progress("a box flashed with a mistake in its file")
    box = lab.box("broken", configuration.ONE_BROKEN)
    on_console = _comes_on_the_console(box, MISTAKE)
    seen = lab.first_seen("broken")
    on_page = MISTAKE in seen.text
    words = f"page after {seen.after_s:.0f} s ({seen.work_s:.0f} s of a processor), the mistake and its line "
    words += f"{'on' if on_page else 'NOT on'} the page, {'on' if on_console else 'NOT on'} the console"
    lab.rest("broken")
    return Figure(words, on_page and on_console)


def data_is_sealed_by_the_tpm(lab: Lab, _: Scale, progress: Progress) -> Figure:
    seen = tpm.lived(lab, progress)
    starts = (seen.first, seen.second, seen.other_tpm, seen.last)
    words = f"LUKS2 opened by its TPM at {sum(held.sealed for held in starts)} of 4 starts, page after "
    words += ", ".join(f"{page.work_s:.0f}" for page in seen.pages)
    words += " s of a processor; another TPM: the screen asked, the recovery key was typed on a USB keyboard"
    words += "; ASKED where its TPM should have opened it" if seen.asked_uncalled else ""
    same = len({held.machine_id for held in starts}) == 1
    kept = same and all(held.sealed for held in starts) and not seen.asked_uncalled
    return Figure(words + ("" if kept else f": {starts}"), kept)


def boxes_share_no_key(lab: Lab, _: Scale, progress: Progress) -> Figure:
    first, moment = _set_up_first(lab)
    go_on(first, moment)
    one = identity.secrets_of(first)
    lab.rest("first")
    other, moment = _before_updates(lab)
    go_on(other, moment)
    progress("setting the second box up as well")
    set_up(other, lab.folder / "other")
    two = identity.secrets_of(other)
    lab.rest("other")
    found = identity.shared(one, two, TACET_TOML)
    words = f"{len(one.keys)} private keys, {len(one.values)} key-like values, {len(one.sealed)} databases each: "
    words += f"shared: {'; '.join(found)}" if found else "nothing shared"
    return Figure(words, not found and len(one.keys) > 1)


def power_cuts_while_recording(lab: Lab, scale: Scale, progress: Progress) -> Figure:
    box, moment = _set_up_first(lab)
    done = cuts.cut_while_recording(box, moment, scale.of(20, 3), CUT_SEED, progress)
    said = sum(cut.acknowledged for cut in done) / SAMPLE_RATE_HZ
    missing = [cut.missing for cut in done if cut.missing]
    started = [cut.started for cut in done if cut.started is not None]
    words = f"{len(done)} cuts, {said:.0f} s acknowledged, {len(missing)} sessions with a loss, "
    words += f"{sum(cut.disk_mended for cut in done)} disks whole, {sum(started)} of {len(started)} started to the page"
    kept = not missing and all(cut.disk_mended for cut in done) and all(started)
    return Figure(words + "".join(f"; {what}" for what in missing), kept)


def bad_bundles_are_refused(lab: Lab, _: Scale, progress: Progress) -> Figure:
    box = _other(lab)
    before = updating.running(box)
    taken = []
    for name in REFUSED:
        progress(name)
        done = updating.install(box, name)
        if done.code == 0:
            taken.append(name)
        progress(f"{name}: {done.out.strip().splitlines()[-1][:100] if done.out.strip() else ''}")
    words = f"{len(REFUSED) - len(taken)} of {len(REFUSED)} refused ({', '.join(REFUSED)})"
    return Figure(words + (f"; TAKEN: {', '.join(taken)}" if taken else ""), not taken and before.slot == "A")


def failing_versions_are_left(lab: Lab, _: Scale, progress: Progress) -> Figure:
    box, moment = _before_updates(lab)
    go_on(box, moment)
    before = updating.running(box)
    words = []
    for name, why in (("no-kernel", "nothing starts"), ("no-page", "the page does not start")):
        progress(f"installing one of which {why}")
        done = updating.install(box, name)
        if done.code:
            return Figure(f"{name} was not installed: {done.out[-200:]}", kept=False)
        updating.start_again(box)
        more = updating.wait_for_version(box, before.version)
        words.append(f"{name}: back in slot {updating.running(box).slot}{f' after {more} more start' if more else ''}")
    after = updating.running(box)
    stays_left = updating.is_left_on_a_stick(box, "no-page")
    words.append("not taken again from a stick" if stays_left else "TAKEN AGAIN from a stick")
    return Figure("; ".join(words), (after.version, after.slot) == (before.version, before.slot) and stays_left)


def newer_version_is_kept(lab: Lab, _: Scale, progress: Progress) -> Figure:
    box, moment = _before_updates(lab)
    go_on(box, moment)
    before = updating.running(box)
    progress("installing it whole")
    done, _work_s = updating.install_measured(box)
    if done.code:
        return Figure(f"it was not installed: {done.out[-200:]}", kept=False)
    updating.start_again(box)
    after = updating.running(box)
    updating.wait_until_kept(box)
    words = f"{before.version} in slot {before.slot} -> {after.version} in slot {after.slot}, kept"
    return Figure(words, after.version == NEWER and after.slot != before.slot)


def power_cuts_during_update(lab: Lab, scale: Scale, progress: Progress) -> Figure:
    box, moment = _before_updates(lab)
    progress("installing it whole, to know how long it takes and what it leaves")
    go_on(box, moment)
    done, work_s = updating.install_measured(box)
    if done.code:
        return Figure(f"it was not installed: {done.out[-200:]}", kept=False)
    box.run("sync")
    box.cut()
    installing = updating.Installing(moment, updating.digests(box), work_s)
    tried = updating.cut_during_install(box, installing, scale.of(20, 2), CUT_SEED, progress)
    started = [cut.started for cut in tried if cut.started is not None]
    new = sum(cut.slot == "B" for cut in tried)
    words = f"{len(tried)} cuts: {len(tried) - new} start the old version, {new} the new one, "
    words += f"{sum(cut.whole for cut in tried)} of them whole byte for byte, {sum(cut.disk_mended for cut in tried)} "
    words += f"disks whole, {sum(started)} of {len(started)} started to the page"
    return Figure(words, all(cut.bootable for cut in tried))


NEWER: Final = "9.0.0.3"


def _comes_on_the_console(box: Machine, text: str) -> bool:
    """What the box writes there stands below its page's address, which it has to know first."""
    with contextlib.suppress(MachineError):
        box.listen_until(lambda: text in box.console.read_bytes().decode(errors="replace"), CONSOLE_WITHIN_S)
        return True
    return False


def _set_up_first(lab: Lab) -> tuple[Machine, Moment]:
    return lab.moment("first", lambda box: set_up(box, lab.folder / "first"))


def _other(lab: Lab) -> Machine:
    """A second box of the same image, which is the one that is updated: with a disk full of bundles."""
    return lab.box("other", beside=lambda: _bundles(lab))


def _before_updates(lab: Lab) -> tuple[Machine, Moment]:
    _other(lab)
    return lab.moment("other", updating.wait_until_kept)


def _bundles(lab: Lab) -> list[Path]:
    maker = Maker(lab.bundle, lab.signer, lab.folder / "bundles")
    maker.take_apart()
    made = [*maker.refused(), maker.without_kernel("9.0.0.1")]
    made += [maker.changed("no-page", "9.0.0.2", broken=True), maker.changed("newer", NEWER, broken=False)]
    shutil.rmtree(maker.folder / "root")
    return made


OF_ONE_BOX: Final[tuple[tuple[str, str, Measure], ...]] = (
    ("starts through firmware", "page over HTTPS, tacet.toml read", starts_through_firmware),
    ("each service has its user", "recorder, app, asr", units_have_their_users),
    ("units are confined", "exposure at most 1.0 in the box", units_are_confined),
    ("probes are refused", "every one, by every service", probes_are_refused),
    ("a recording is written down", "samples in = sealed, words to the end", recording_is_written_down),
    ("nothing is written elsewhere", "0 files outside of the listed folders", nothing_is_written_elsewhere),
    ("broken files are named", "line and remedy, each", broken_files_are_named),
    ("power cuts while recording", "0 acknowledged lost, 0 unbootable", power_cuts_while_recording),
    ("a broken file at the first start", "page and console tell", broken_file_at_the_start),
    ("a TPM seals the data", "LUKS2, opened by it, else by the recovery key", data_is_sealed_by_the_tpm),
)
OF_UPDATES: Final[tuple[tuple[str, str, Measure], ...]] = (
    ("bad bundles are refused", "tampered, foreign, older, other board", bad_bundles_are_refused),
    ("a newer version is kept", "other slot, marked good", newer_version_is_kept),
    ("failing versions are left", "the one before is back by itself", failing_versions_are_left),
    ("power cuts during an update", "0 unbootable", power_cuts_during_update),
)
OF_BOTH: Final[tuple[tuple[str, str, Measure], ...]] = (
    ("two boxes share no key", "no 8 bytes in common", boxes_share_no_key),
)


def side_by_side(lab: Lab, words: Sequence[str]) -> tuple[tuple[Promise, ...], ...]:
    """Give the promises with one of the words in their names: two lines that know nothing of each other's boxes."""
    return _promises(lab, OF_ONE_BOX, words), _promises(lab, OF_UPDATES, words)


def in_the_end(lab: Lab, words: Sequence[str]) -> tuple[Promise, ...]:
    """What takes the boxes of both lines."""
    return _promises(lab, OF_BOTH, words)


def _promises(lab: Lab, rows: tuple[tuple[str, str, Measure], ...], words: Sequence[str]) -> tuple[Promise, ...]:
    chosen = [row for row in rows if any(word in row[0] for word in words)]
    return tuple(Promise(name, gate, functools.partial(measure, lab)) for name, gate, measure in chosen)
