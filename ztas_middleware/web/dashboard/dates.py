"""Dates as people read them. English, whatever the machine's locale."""

from __future__ import annotations

from datetime import date, datetime

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def day_and_month(day: date) -> str:
    """`7 Nov`."""
    return f"{day.day} {_MONTHS[day.month - 1]}"


def month_and_year(day: date) -> str:
    """`Nov 2026`."""
    return f"{_MONTHS[day.month - 1]} {day.year}"


def full_day(day: date) -> str:
    """`Sat 7 Nov 2026`."""
    return f"{_WEEKDAYS[day.weekday()]} {day_and_month(day)} {day.year}"


def hour(text: str) -> str:
    """`13:00`, from `2026-11-07T13:00+01:00`."""
    return text[11:16]


def full_hour(text: str) -> str:
    """`Sat 7 Nov, 13:00`, from `2026-11-07T13:00+01:00`."""
    moment = datetime.fromisoformat(text)
    return f"{_WEEKDAYS[moment.weekday()]} {day_and_month(moment)}, {hour(text)}"


def day_range(first: date, last: date) -> str:
    """`7 Nov 2026`, `1 – 7 Nov 2026`, `28 Oct – 3 Nov 2026`, `30 Dec 2025 – 5 Jan 2026`."""
    end = f"{day_and_month(last)} {last.year}"
    if first == last:
        return end
    if first.year != last.year:
        return f"{day_and_month(first)} {first.year} – {end}"
    if first.month != last.month:
        return f"{day_and_month(first)} – {end}"
    return f"{first.day} – {end}"
