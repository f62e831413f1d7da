"""Identification: the names of a recording's speakers, by their voice prints."""
