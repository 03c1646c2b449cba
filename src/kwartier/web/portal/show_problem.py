"""What went wrong, why, and what to do next. Never how the house is built inside."""

from dataclasses import dataclass
from typing import final

from kwartier.web.portal.words import Words


@final
@dataclass(frozen=True, slots=True)
class Problem:
    """A page that says why there is no other."""

    title: str
    why: str
    todo: str


def problem(words: Words, code: str) -> Problem:
    """Return the page for a stable code, or for an HTTP status written as one."""
    groups = (_address, _visit, _permission, _request, _right, _meter)
    return next((found for group in groups if (found := group(words).get(code))), _our_fault(words))


def _address(words: Words) -> dict[str, Problem]:
    """Say why an address or a form leads nowhere."""
    return {
        "400": Problem(
            words.text("That question is not clear"),
            words.text("The address or form has a value that cannot be."),
            words.text("Go back and try again, or start at the first page."),
        ),
        "404": Problem(
            words.text("Not found"),
            words.text("There is no such page, or it is somebody else's."),
            words.text("Check the address, or start at the first page."),
        ),
        "405": Problem(
            words.text("This page only works from a form"),
            words.text("The address was opened in another way than it is meant for. Nothing was changed."),
            words.text("Start at the first page and use the button there."),
        ),
    }


def _visit(words: Words) -> dict[str, Problem]:
    """Say why the visit must begin anew."""
    return {
        "form-expired": Problem(
            words.text("This form can no longer be used"),
            words.text("Nothing was changed. The page was open for more than an hour, or you signed in or out meanwhile."),
            words.text("Open the page again, and then repeat what you wanted to do."),
        ),
        "sign-in-first": Problem(
            words.text("Please sign in"),
            words.text("This page is only for the person it is about. You have not signed in, or your visit has ended by itself."),
            words.text("Sign in and try again."),
        ),
    }


def _permission(words: Words) -> dict[str, Problem]:
    """Say why a permission cannot be changed."""
    return {
        "no-such-permission": Problem(
            words.text("This permission is not in force"),
            words.text("It was revoked or ran out before, or it is somebody else's. Nothing was changed."),
            words.text("Look at your page to see which permissions are in force."),
        ),
        "nothing-left": Problem(
            words.text("Nothing would be left of it"),
            words.text("You left out every kind of values, or all of the time that it is about. Nothing was changed."),
            words.text("Go back and leave at least one kind of values and some time in it, or do not give it."),
        ),
        "no-such-last-day": Problem(
            words.text("It cannot last until that day"),
            words.text(
                "That last day lies before the permission would begin, or after the last one that can be chosen. Nothing changed."
            ),
            words.text("Go back and choose a day after it begins, up to the one that stood in the form at first."),
        ),
        "granted-elsewhere": Problem(
            words.text("Permissions are given elsewhere"),
            words.text(
                "In this area another body keeps the permissions. Nothing was changed. What you gave before can be revoked here."
            ),
            words.text("Ask your grid operator where to give your permission."),
        ),
    }


def _request(words: Words) -> dict[str, Problem]:
    """Say why a request for a permission cannot be answered."""
    return {
        "no-such-request": Problem(
            words.text("This request is not open"),
            words.text("It was answered or ran out before, or it is somebody else's. Nothing was changed."),
            words.text("Look at your page to see what is asked of you and what you have given."),
        ),
        "no-longer-holds": Problem(
            words.text("This request does not hold any more"),
            words.text(
                "The other side has no agreement with the grid operator now, or has your permission already. Nothing was changed."
            ),
            words.text("Look at your page to see what you have given. The other side can ask anew."),
        ),
    }


def _right(words: Words) -> dict[str, Problem]:
    """Say why a right under the privacy law cannot be used so."""
    return {
        "words-missing": Problem(
            words.text("You did not say what should change"),
            words.text("A person of the grid operator reads it, and there was nothing to read. Nothing was asked."),
            words.text("Go back and write what is wrong, and what it should be."),
        ),
        "already-asked": Problem(
            words.text("You asked this before"),
            words.text("The same is in force already, or waits for an answer. Nothing was changed."),
            words.text("Look at your rights to see how it stands."),
        ),
        "right-ended": Problem(
            words.text("This has ended already"),
            words.text("There is nothing left to end. Nothing was changed."),
            words.text("Look at your rights to see how it stands."),
        ),
    }


def _meter(words: Words) -> dict[str, Problem]:
    """Say why there is no proof, or a reading is not taken, or nothing can be said of a meter."""
    return {
        "not-there-now": Problem(
            words.text("You do not live there now"),
            words.text("Your time at this connection is over, or has not begun. Nothing was changed."),
            words.text("Look at your page to see where you live, and repeat there what you wanted to do."),
        ),
        "no-such-time": Problem(
            words.text("There is no such time"),
            words.text("The last day lies before the first, or all of it is still to come, so there is nothing to prove."),
            words.text("Choose a first day up to today, and a last day that is not before it."),
        ),
        "was-read": Problem(
            words.text("Something was read"),
            words.text("Usage was read in that time, so there is no proof that none was."),
            words.text("Your log says when, and for whom. Choose other days."),
        ),
        "not-yet": Problem(
            words.text("One moment"),
            words.text("This line is written, but not signed yet, so there is no proof of it so far."),
            words.text("Try again in a minute."),
        ),
        "implausible": Problem(
            words.text("This cannot be what the counter shows"),
            words.text("It is less than before, or more than can have been used since. Nothing was written down."),
            words.text("Read the counter once more. If it does show this, tell your grid operator, who comes to look."),
        ),
    }


def _our_fault(words: Words) -> Problem:
    """Say that nobody but us did anything wrong."""
    return Problem(
        words.text("Something went wrong"),
        words.text("The fault is ours, not yours, and it has been noted. Nothing of yours was lost."),
        words.text("Try again later. If it stays, tell your grid operator what you wanted to do, and when."),
    )
