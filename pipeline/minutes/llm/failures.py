"""What can go wrong with a language model: each failure as the end of a sentence about it."""

from __future__ import annotations


class ModelFailure(Exception):
    """A question without a usable answer; ``what`` is the same for failures of one kind and quotes nothing."""

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(what)


class Unreachable(ModelFailure):
    """No answer came: the same question may be asked again."""


class BadAnswer(ModelFailure):
    """An answer came that cannot be used: a smaller question may be asked."""


NO_CONNECTION = "cannot be reached"
REFUSED_KEY = "refused the key or needs one"
UNKNOWN = "does not know the model or the address (HTTP 404)"
REDIRECT = "sent the request to another address, which is not followed"
STATUS = "answered with HTTP status {}"
LATE = "did not answer within {:g} s"
TOO_LARGE = "sent an answer that is too large"
CONTEXT = "has a smaller context than was stated"
FIRST = "did not repeat the first number of its request, which its server may have cut off"
NOTHING_FITS = "was not asked, since the stated context is too small"
EMPTY = "sent an empty answer"
CUT = "sent an answer that was cut off"
NO_JSON = "sent an answer that is not the JSON that was asked for"
WRONG = "sent an answer with other numbers, kinds or fields than it was given"
