"""What ``--roles agent,customer`` means for a call on one microphone: shipped phrases of English agents."""

from __future__ import annotations

from pipeline.analytics.roles.spec import RoleSpec
from pipeline.core.text import fold

LANGUAGE = "en"
"""Language of the shipped phrases, ISO 639-1. A call in another language needs phrases of a rules file."""
AGENT_ROLES = frozenset({"agent", "advisor", "adviser", "operator", "representative", "rep"})
"""Names of roles that the phrases are for. Chosen by hand; a role with another name needs a rules file."""
AGENT_PHRASES = (
    "thank you for calling", "thanks for calling", "thank you for contacting", "thanks for contacting",
    "thank you for holding", "thanks for holding", "how can I help", "how may I help", "how can we help",
    "how can I assist", "how may I assist", "how can I be of assistance", "how may I be of assistance",
    "what can I help you with", "what can I do for you today", "how may I direct your call",
    "how can I direct your call", "you are speaking with", "you are speaking to", "you are through to",
    "this call may be recorded", "this call is being recorded", "calls are recorded", "on a recorded line",
)  # fmt: skip
"""Phrases that agents say at the beginning of a call and customers do not. Collected by hand from common greetings;
more phrases find more agents, and more customers who say them too."""
NOT_AGENT_PHRASES = (
    "thank you for calling back", "thanks for calling back", "thank you for calling me", "thanks for calling me",
    "how can I help myself", "who are you speaking with", "who are you speaking to",
)  # fmt: skip
"""Phrases of customers that hold a phrase of agents. Collected by hand; each takes matches from `AGENT_PHRASES`."""


def default_spec(role: str) -> RoleSpec:
    """The conditions of a role that only ``--roles`` names."""
    if fold(role) in AGENT_ROLES:
        return RoleSpec(role, says=AGENT_PHRASES, unless=NOT_AGENT_PHRASES)
    return RoleSpec(role)
