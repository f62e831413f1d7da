"""Roles of the speakers of a call, such as agent and customer, each with its evidence.

spec        conditions of a role: people, phrases, who speaks first
defaults    shipped phrases of English agents
request     what is asked for a recording: rules file, ``--roles``, columns of the manifest
phrases     matches of a role's phrases at the beginning of a call
deciding    which speaker has which role, and why
assigning   a transcript with its role ledger, labels and notices
labels      the speaker of a role
"""
