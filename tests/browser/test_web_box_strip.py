import re

from playwright.sync_api import Page, expect
from support.chromium import sign_in
from support.web_box import PASSPHRASE, WebBox

from firmware.status import BoxState

NO_MICROPHONE = "No microphone is connected. Plug it in; the box will notice by itself."


def test_strip__follows_the_box_on_a_page_that_stays_open(page: Page, box: WebBox) -> None:
    box.new_person()
    sign_in(page, box.address, PASSPHRASE)
    strip = page.locator("#box")
    expect(strip).to_contain_text("Ready")
    box.recorder.show(BoxState.RECORDING, elapsed_ms=723_000, level_dbfs=-20.0)
    expect(strip).to_contain_text("Recording")
    expect(page.locator(".elapsed")).to_have_text("12:03")
    box.recorder.show(BoxState.RECORDING, elapsed_ms=724_000, level_dbfs=-30.0)
    expect(page.locator(".elapsed")).to_have_text("12:04")
    expect(page.locator(".level rect.lit")).to_have_count(5)
    box.recorder.show(BoxState.NOT_READY, NO_MICROPHONE)
    expect(strip).to_contain_text(NO_MICROPHONE)
    box.recorder.show(None)
    expect(strip).to_contain_text("The box does not answer")
    box.recorder.show(BoxState.READY)
    expect(strip).to_contain_text("Ready")


def test_strip__only_recording_is_red(page: Page, box: WebBox) -> None:
    page.goto("/trust")
    red = "rgb(201, 33, 30)"
    for state in BoxState:
        box.recorder.show(state, "A reason.")
        word = {"recording": "Recording", "fault": "Recording interrupted"}.get(state.value)
        expect(page.locator(".box-word")).to_have_text(word or re.compile(r"\w"))
        lamp = page.locator(f".lamp-{'recording' if state is BoxState.RECORDING else 'x'}")
        assert lamp.count() == (state is BoxState.RECORDING)
        used = page.evaluate(
            """() => [...document.querySelectorAll("*")].flatMap((one) => {
                const style = getComputedStyle(one);
                return [style.color, style.backgroundColor, style.borderTopColor, style.fill, style.stroke];
            })"""
        )
        assert (red in used) == (state is BoxState.RECORDING), state


def test_strip__while_recording__pauses_and_stops_but_never_starts(page: Page, box: WebBox) -> None:
    box.new_person()
    sign_in(page, box.address, PASSPHRASE)
    expect(page.get_by_role("button", name=re.compile("record|start|resume", re.IGNORECASE))).to_have_count(0)
    box.recorder.show(BoxState.RECORDING, elapsed_ms=1000)
    page.get_by_role("button", name="Pause").click()
    expect(page.locator(".box-word")).to_have_text("Off the record")
    expect(page.locator("#box")).to_contain_text("The box hears nothing. Press its button to go on.")
    expect(page.get_by_role("button", name="Pause")).to_have_count(0)
    page.get_by_role("button", name="Stop").click()
    page.get_by_role("button", name="Go on recording").click()
    assert box.recorder.asked == ["pause"]
    page.get_by_role("button", name="Stop").click()
    page.get_by_role("button", name="Stop the recording").click()
    expect(page.locator(".box-word")).to_have_text("Ready")
    assert box.recorder.asked == ["pause", "stop"]


def test_strip__nobody_signed_in__shows_the_light_and_no_buttons(page: Page, box: WebBox) -> None:
    box.new_person()
    page.goto("/signin")
    box.recorder.show(BoxState.RECORDING, elapsed_ms=1000)
    expect(page.locator(".lamp-recording")).to_be_visible()
    expect(page.get_by_role("button", name="Stop")).to_have_count(0)


def test_strip__moving_numbers__leave_the_focus_on_the_button(page: Page, box: WebBox) -> None:
    box.new_person()
    sign_in(page, box.address, PASSPHRASE)
    box.recorder.show(BoxState.RECORDING, elapsed_ms=1000)
    page.get_by_role("button", name="Pause").focus()
    box.recorder.show(BoxState.RECORDING, elapsed_ms=2000)
    expect(page.locator(".elapsed")).to_have_text("0:02")
    expect(page.get_by_role("button", name="Pause")).to_be_focused()


def test_server_gone__the_page_says_so_instead_of_showing_old_news(page: Page, box: WebBox) -> None:
    box.recorder.show(BoxState.RECORDING, elapsed_ms=1000)
    page.goto("/trust")
    expect(page.locator(".lamp-recording")).to_be_visible()
    box.stop_serving()
    expect(page.get_by_text("This page has lost the box")).to_be_visible(timeout=10_000)
    expect(page.locator(".lamp-recording")).to_be_hidden()


def test_hidden_page__gives_its_stream_back_and_catches_up(page: Page, box: WebBox) -> None:
    page.goto("/trust")
    expect(page.locator(".box-word")).to_have_text("Ready")
    page.evaluate(
        """() => { Object.defineProperty(document, "hidden", {value: true, configurable: true});
                   document.dispatchEvent(new Event("visibilitychange")); }"""
    )
    box.recorder.show(BoxState.RECORDING, elapsed_ms=1000)
    page.wait_for_timeout(500)
    expect(page.locator(".box-word")).to_have_text("Ready")
    page.evaluate(
        """() => { Object.defineProperty(document, "hidden", {value: false, configurable: true});
                   document.dispatchEvent(new Event("visibilitychange")); }"""
    )
    expect(page.locator(".box-word")).to_have_text("Recording")
    box.recorder.show(BoxState.RECORDING, elapsed_ms=5000)
    expect(page.locator(".elapsed")).to_have_text("0:05")
