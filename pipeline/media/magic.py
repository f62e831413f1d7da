"""First bytes of recordings by container format."""

from __future__ import annotations

import re

HEAD = 4096
"""Number of bytes that is sufficient to recognize a format."""
MAGIC: dict[str, re.Pattern[bytes]] = {
    kind: re.compile(pattern, re.DOTALL)
    for kind, pattern in {
        "wav": rb"(?:RIFF|RF64|BW64).{4}WAVE(?:fmt |ds64|JUNK|junk|bext|LIST|PAD |FLLR|fact|iXML|FAKE)",
        "avi": rb"RIFF.{4}AVI LIST",
        "aiff": rb"FORM.{4}AIF[FC][A-Z]{4}",
        "w64": rb"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\0\0",
        "caf": rb"caff\0\x01\0\0desc",
        "au": rb"\.snd\0\0.{6}\0\0\0[\x01-\x1b]\0.{3}\0\0\0[\x01-\x40]",
        "flac": rb"fLaC[\0\x80]\0\0\x22",
        "asf": rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c",
        "matroska": rb"\x1a\x45\xdf\xa3.{1,60}?\x42\x82.{1,8}?(?:webm|matroska)",
        "ogg": rb"OggS\0\x02\0{8}",
        "flv": rb"FLV\x01[\x01\x04\x05]\0\0\0\x09\0\0\0\0",
        "amr": rb"#!AMR(?:-WB)?(?:_MC1\.0)?\n",
        "voc": rb"Creative Voice File\x1a",
        "nist": rb"NIST_1A\n",
        "wavpack": rb"wvpk.{4}[\x02-\x10]\x04.{6}\0{4}.{4}.[\x08-\x0f\x18-\x1f\x28-\x2f\x38-\x3f]",
        "mp3": rb"ID3[\x02-\x04][\0\x01][\0-\xf0][\0-\x7f]{4}",
        "mp4": rb".{4}(?:ftyp|moov|mdat|wide|skip|pnot|free|moof|styp)",
    }.items()
}
"""First bytes of each format, long enough that audio does not match by chance."""


def kind_of(head: bytes) -> str:
    """The format of a recording with these first bytes; empty if unknown."""
    return next((kind for kind, magic in MAGIC.items() if magic.match(head)), "")
