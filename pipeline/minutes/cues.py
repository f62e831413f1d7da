"""Cue lists: what English speakers say when they decide, undertake, ask and date things.

Collected by hand from the parts train and tune and from the dialogue acts of the AMI and ICSI guidelines. They are
matched in the tokens of a sentence, joined by spaces. Only English has lists: for other languages there were no
meetings with decisions to measure them on.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

LANGUAGES = ("en",)
"""Languages with cue lists."""

_WE = r"(?:we|we've|we're|we'll)"
DECISION = re.compile(
    rf"\b(?:{_WE} (?:have |all |already |just |then )*(?:decided?|agreed?|chose|settled)\b[\w' ]{{0,24}}"
    r"|(?:the|our|a|that's) (?:final |main )?(?:decision|conclusion|agreement)\b"
    r"|(?:we'll|we will|let's|we should|we could just|to|can) (?:just )?"
    r"(?:go (?:with|for)|stick (?:with|to)|keep|use)\b"
    r"|(?:so |then |okay )(?:we|we'll|we're|we've) (?:have|need|want|use|gonna|going to|will|do|don't|can|should)\b"
    r"|(?:we|it) (?:won't|will not|don't need|doesn't need|should not|shouldn't)\b"
    r"|(?:it's|that's|is|are) (?:decided|settled|agreed)\b|i agree\b|agreed\b|final\b"
    r"|(?:we're|it's|they're) (?:definitely |probably )?(?:gonna|going to) (?:be|have|use|go|make|put)\b"
    r"|(?:the )?motion (?:is )?(?:carried|agreed)|so ordered|i (?:move|propose) that\b|we (?:resolve|approve)d?\b)"
)
"""Words that announce or state a decision."""
PROMISE = re.compile(
    r"\b(?:i'll|i will|i shall|i'm going to|i'm gonna|i can|i have to|i need to)"
    r" (?:just |also |then |probably |try to |try and |go and |have to )*"
    r"(?:send|write|ask|check|prepare|look into|find|get|bring|call|email|mail|talk to|work on|finish|fix|update|"
    r"upload|share|set|schedule|organi[sz]e|arrange|contact|draft|review|test|type|post|come back|get back|"
    r"have a look)\b"
)
"""The speaker undertakes something."""
REQUEST = re.compile(
    r"\b(?:(?:can|could|will|would) you (?:please |just |also |maybe )*"
    r"(?:send|write|ask|check|prepare|look|find|bring|call|email|mail|work|finish|fix|update|upload|share|set|"
    r"schedule|organi[sz]e|arrange|contact|draft|review|test|run|report)\b"
    r"|you(?:'ll| will| guys| two| three) (?:will |are |have to |need to |be )*"
    r"(?:work(?:ing)? on|prepare|send|write|look into|find out|check|bring|report|start|get a|doing)\b"
    r"|please (?:send|write|ask|check|prepare|look|find|bring|call|email|work|finish|update|share|make)\b)"
)
"""Somebody is asked to do something."""
TASK = re.compile(
    r"\b(?:action items?|(?:a|the|our|my) to do list|(?:your|my|his|her|their|the) (?:tasks?(?! force)|assignments?)"
    r"|(?:for|until|before|by|in) (?:the |our )?next (?:meeting|time|week)|next steps?"
    r"|(?:we|somebody|someone) (?:need|needs|have|has|ought) to (?:send|write|ask|check|prepare|look|find|call|contact|"
    r"finish|work on|make sure|schedule|organi[sz]e)|write to (?:us|the committee)"
    r"|(?:get|come) back to (?:you|us|me))\b"
)
"""A task is named."""
_DAYS = "monday|tuesday|wednesday|thursday|friday|saturday|sunday"
_MONTHS = "january|february|march|april|may|june|july|august|september|october|november|december"
_WHEN = (
    rf"(?:{_DAYS}|tomorrow|tonight|noon|today|(?:the )?(?:end|beginning|middle) of (?:the |this |next )?"
    rf"(?:day|week|month|year|summer|{_MONTHS})|next (?:week|month|year|time|meeting|{_DAYS})"
    rf"|(?:the |our )next (?:meeting|time|week)|(?:{_MONTHS})(?: \d+\w*)?|\d+ o'clock|\d+ (?:am|pm))"
)
DUE = re.compile(
    rf"\b(?:(?:by|until|till|before|for|on|at|due) (?:this |the )?{_WHEN}|tomorrow|tonight|next (?:week|month|{_DAYS})"
    r"|in (?:a|one|two|three|four|five|ten|\d+) (?:minutes?|hours?|days?|weeks?|months?)"
    r"|(?:this|the) (?:afternoon|evening|weekend|week|month))\b"
)
"""A time by which something is done."""
UNKNOWN = re.compile(
    r"\b(?:don't know|do not know|not sure|no idea|have to (?:check|ask|see|find out|think about)|find out|"
    r"good question|open question|unclear|who knows|we'll see|have to look|need to (?:check|ask|find out)|dunno)\b"
)
"""A reply that leaves a question open."""


def spoken(tokens: Sequence[str]) -> str:
    """Tokens as the text that the cues are matched in."""
    return " ".join(token for token in tokens if token != "?")
