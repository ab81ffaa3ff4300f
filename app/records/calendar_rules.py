"""Which recurrence rules are followed. Some allowed ones search for ever, or fill every second. Pure.

Source: RFC 5545, section 3.3.10, whose table says which parts go with which frequency.
"""

from typing import Any

TOO_OFTEN = frozenset({"SECONDLY", "MINUTELY", "HOURLY"})
LONGEST_MONTH_DAYS = {1: 31, 2: 29, 3: 31, 4: 30, 5: 31, 6: 30, 7: 31, 8: 31, 9: 30, 10: 31, 11: 30, 12: 31}
NEVER_WITH = {
    "DAILY": ("BYWEEKNO", "BYYEARDAY"),
    "WEEKLY": ("BYWEEKNO", "BYYEARDAY", "BYMONTHDAY"),
    "MONTHLY": ("BYWEEKNO", "BYYEARDAY"),
}
MOST_IN_A_PERIOD = {"DAILY": 1, "WEEKLY": 7, "MONTHLY": 31, "YEARLY": 366}


def why_not_expanded(event: Any) -> str | None:
    """Say why an event's rule is not followed; None where it is."""
    rules = event.get("RRULE", [])
    for rule in rules if isinstance(rules, list) else [rules]:
        reason = _why_not(rule)
        if reason:
            return reason
    return None


def _why_not(rule: Any) -> str | None:
    frequency = str((rule.get("FREQ") or [""])[0]).upper()
    if frequency in TOO_OFTEN or any(rule.get(part) for part in ("BYHOUR", "BYMINUTE", "BYSECOND")):
        return "it repeats more than once a day"
    if frequency not in MOST_IN_A_PERIOD:
        return "its rule of repetition cannot be read"
    if any(int(one) < 1 for one in rule.get("INTERVAL", [])):
        return "its rule of repetition cannot be read"
    if any(rule.get(part) for part in NEVER_WITH.get(frequency, ())) or _never_comes(rule, frequency):
        return "its rule never comes true"
    return None


def _never_comes(rule: Any, frequency: str) -> bool:
    """Whether the rule names days that no year has, so that a search for the next one would not end."""
    if any(abs(int(one)) > MOST_IN_A_PERIOD[frequency] for one in rule.get("BYSETPOS", [])):
        return True
    days = [abs(int(one)) for one in rule.get("BYMONTHDAY", [])]
    months = [int(one) for one in rule.get("BYMONTH", [])] or list(LONGEST_MONTH_DAYS)
    return bool(days) and min(days) > max(LONGEST_MONTH_DAYS.get(month, 0) for month in months)
