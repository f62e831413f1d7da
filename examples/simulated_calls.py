"""Four simulated calls of a call centre that does not exist: what docs/call-centre.md works with.

python -m examples.simulated_calls examples/calls

wrote the recordings of that folder and ``reference/``, with what was said and what is planted in them; ``manifest.csv``
and ``rules.yaml`` were written by hand. Names, numbers and addresses are invented: the card number belongs to no
account, and the address is one of those kept free for examples. The voices are those of `examples.simulated_meeting`
and need the extra ``demo``. ``1002`` has one channel for each speaker, the others have both on one.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from examples.synthetic_calls import AGENT, CUSTOMER, CallMaker, CallScript, ConstructedCall, truth
from examples.synthetic_voices import Line
from pipeline import formats

BITS = 23_000
"""Bits per second of each channel (AAC): a call takes less than 100 kB."""
CALLS: Mapping[str, CallScript] = {
    "1001": CallScript(
        (
            Line(AGENT, "Thank you for calling Bluewater Energy, this is [name:Laura]. This call is recorded."),
            Line(CUSTOMER, "Good morning. I got the bill for October, and I would like to pay it by card."),
            Line(AGENT, "I can do that for you right now. What is the number of the card?"),
            Line(
                CUSTOMER,
                "It is [card:four two four two, four two six one, double six two eight, four zero five six].",
            ),
            Line(AGENT, "Yes.", inside=3.4),
            Line(AGENT, "And the security code on the back?"),
            Line(CUSTOMER, "The code is [cvv:one six seven]."),
            Line(AGENT, "That is paid now. You will get a receipt in the next days."),
            Line(CUSTOMER, "Wonderful, thank you very much."),
        ),
        {AGENT: "heart", CUSTOMER: "low"},
        telephone=False,
        values={"card": "4242426166284056", "cvv": "167"},
        rules={
            "greeting": "passed",
            "recording notice": "passed",
            "no promises": "passed",
            "customer thanks": "passed",
        },
    ),
    "1002": CallScript(
        (
            Line(AGENT, "Bluewater Energy, [name:Daniel] speaking. I think that you called yesterday?"),
            Line(CUSTOMER, "Yes, I did. My new contract has not come yet."),
            Line(AGENT, "Where can I send it?"),
            Line(CUSTOMER, "My email address is [email:anna dot miller at example dot com]."),
            Line(AGENT, "I will send it again today.", -0.3),
            Line(CUSTOMER, "I hope that you do."),
        ),
        {AGENT: "low", CUSTOMER: "heart"},
        stereo=True,
        telephone=False,
        values={"email": "anna.miller@example.com"},
        rules={
            "greeting": "failed",
            "recording notice": "failed",
            "no promises": "passed",
            "customer thanks": "failed",
        },
    ),
    "1003": CallScript(
        (
            Line(CUSTOMER, "Hello? Is this the customer service? I have been waiting for a long time."),
            Line(
                AGENT, "Hello, this is [name:Laura] from Bluewater Energy, how can I help you? This call is recorded."
            ),
            Line(CUSTOMER, "We are moving, and the new flat needs electricity from the first day."),
            Line(AGENT, "Of course. May I ask for your name and your date of birth?"),
            Line(CUSTOMER, "[name:Peter Schmidt], born on [date:the fourteenth of March, nineteen eighty two]."),
            Line(AGENT, "I guarantee that you will have electricity when you move in."),
            Line(CUSTOMER, "Very good, thank you."),
        ),
        {AGENT: "heart", CUSTOMER: "kumo"},
        telephone=False,
        values={"name": "Peter Schmidt", "date": "the fourteenth of March, nineteen eighty two"},
        rules={
            "greeting": "passed",
            "recording notice": "passed",
            "no promises": "failed",
            "customer thanks": "passed",
        },
    ),
    "1004": CallScript(
        (
            Line(AGENT, "Thank you for calling Bluewater Energy, this is [name:Grace]. What can I do for you today?"),
            Line(CUSTOMER, "I have a question about my meter. It shows three hundred twenty, is that a lot?"),
            Line(AGENT, "For two people that is quite normal. In winter it is always a little bit more."),
            Line(CUSTOMER, "And can I read the meter myself, or does somebody come to the house?"),
            Line(AGENT, "You can read it yourself. I cannot promise a date when our people will be in your street."),
            Line(CUSTOMER, "Okay, then I will do that. Bye."),
        ),
        {AGENT: "gongitsune", CUSTOMER: "low"},
        telephone=False,
        rules={
            "greeting": "passed",
            "recording notice": "failed",
            "no promises": "passed",
            "customer thanks": "failed",
        },
    ),
}
"""The calls by name. ``rules`` is what the rules of examples/calls/rules.yaml find when every word is recognized."""


def main() -> None:
    """Make the calls and write them into a folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    maker = CallMaker()
    for seed, (name, script) in enumerate(CALLS.items()):
        write(maker.make(script, seed), folder, name)


def write(call: ConstructedCall, folder: Path, name: str) -> None:
    """Write ``NAME.m4a``, and its reference and truth into ``reference/``."""
    reference = folder / "reference"
    reference.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.m4a").write_bytes(encoded(call.samples, call.rate))
    (reference / f"{name}.json").write_bytes(formats.dumps(call.reference, "json", name))
    (reference / f"{name}.truth.json").write_text(json.dumps(truth(call), indent=1) + "\n", encoding="utf-8")


def encoded(samples: NDArray[np.int16], rate: int) -> bytes:
    """An m4a file with one or two channels."""
    import av

    layout = "stereo" if samples.shape[1] == 2 else "mono"
    file = BytesIO()
    with av.open(file, "w", format="ipod") as container:
        track = container.add_stream("aac", rate=rate, layout=layout)
        track.bit_rate = BITS * samples.shape[1]
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout=layout)
        frame.sample_rate, frame.pts = rate, 0
        container.mux(track.encode(frame))
        container.mux(track.encode(None))
    return file.getvalue()


if __name__ == "__main__":
    main()
