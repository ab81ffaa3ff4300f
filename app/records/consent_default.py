"""The wording that a practice starts from. It is an example and no legal advice: a jurisdiction has its own."""

TITLE = "Consent to record sessions"
LANGUAGE = "en"
NOT_LEGAL_ADVICE = (
    "This wording is an example to start from and no legal advice. Have it checked for your profession and country "
    "before you use it."
)
BODY = """\
Your therapist would like to record sessions with a box that stays in this room.

What it does. The box records only after a press on its button, while its red light is on. It turns the \
recording into words and may draft notes from them, all inside the box. Nothing is sent anywhere by the box.

Who can read it. Your therapist alone. What your therapist has checked and approved may become part of your \
record.

How long. The sound is erased some days after the transcript was approved, unless you agree that it is kept. The \
rest is kept as long as the law asks for your record.

Your choice. You may agree to each point below or not. Saying no has no consequence for your treatment. You may \
pause or stop the recording at any time, and take your consent back at any time, for the future or with erasure \
of what was recorded.

Limits. The box can mishear, leave out or invent words. It decides nothing."""
