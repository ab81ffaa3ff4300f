"""What is promised of the page, the vaults and the backups, in the order in which it is measured."""

from typing import Final

from faults.promise import Promise

from security import at_rest, browser, fields, fuzzing, guessing, matrices, starving, storage

PROMISES: Final = (
    Promise("audit is complete", "every clinical route adds one event, none unmapped", matrices.audit_is_complete),
    Promise("audit is tamper-evident", "edit, delete, reorder, cut any row: all found", storage.tampering),
    Promise("nobody opens what is not theirs", "route x role: 0 shown, 0 changed", matrices.routes_by_role),
    Promise("no CSRF", "every unsafe route x foreign request: 100% refused", matrices.foreign_requests),
    Promise("no foreign Host", "every route x foreign host: 100% refused", matrices.foreign_hosts),
    Promise("security headers", "on every answer", matrices.headers),
    Promise("login cannot be guessed", "at most 100 looked at a day, owner gets in", guessing.login_cannot_be_guessed),
    Promise("the API never breaks", "10,000 cases: 0 server errors, 0 bypasses", fuzzing.api_never_breaks),
    Promise("readers never break", "0 uncaught", fuzzing.readers_never_break),
    Promise("no XSS", "0 executions and 0 CSP reports in Chromium", browser.injections),
    Promise("no XSS through any field", "every text field: 0 executions, 0 reports", fields.fields),
    Promise("nothing left in the browser", "0 hits in the profile after the lock", browser.profile_after_sign_out),
    Promise("nothing in clear on a stolen disk", "0 hits", storage.stolen_disk),
    Promise("nothing in clear after use", "0 hits, ended and killed", at_rest.nothing_in_clear_after_use),
    Promise("committed edits survive kills", "200 kills: 0 lost, integrity clean", storage.kills_during_edits),
    Promise("a corrupt database does not stop recording", "500 damages: 0 stop it", storage.corruptions),
    Promise("backups survive interruption", "50 points: restored identical", storage.interrupted_backups),
    Promise(
        "the page cannot be starved", "500 idle, slow, 1 GB, dear, all at once: within 1 s", starving.slow_and_greedy
    ),
)
