# ruff: noqa: E501 -- a line of a call stays one line
"""Texts of calls with planted personal data: templates for development, and other templates for the report.

A template is a call: lines "A: …" of an agent and "C: …" of a customer, with slots in braces. ``{card}`` is a whole
number, ``{card.0}`` to ``{card.3}`` its groups, ``{name.first}`` a part. ``{order}``, ``{price}``, ``{time}``,
``{year}`` and ``{count}`` are distractors. One person wrote the finders and both sets of templates; the finders had
been run on seven examples before the templates of the report were written. Their results were measured four times:
again after changes that were chosen on attacks and on other calls, and a third and fourth time after some of these changes were
narrowed because precision had fallen. No other rule or number was chosen on them.
"""

from __future__ import annotations

from typing import Final

DEVELOPMENT: Final = {
    "card": (
        "A: Can I take the long number on the front of the card? / C: Yes, it's {card}. / A: Thank you.",
        "A: Card number please. / C: {card.0} / A: Yes. / C: {card.1} / A: Okay. / C: {card.2} / A: Uh-huh. / C: {card.3}",
        "C: I'd like to pay by Visa. The number is {card}, expiring {expiry}. / A: That's gone through.",
        "A: Go ahead when you're ready. / C: {card.0} {card.1} / A: {card.0} {card.1} yes / C: {card.2} {card.3} / A: {card.2} "
        "{card.3}, thank you. / A: And the expiry date? / C: {expiry}",
        "C: So that's {card.0}, hang on, let me get my glasses, {card.1}, then {card.2} and the last group is {card.3}.",
        "A: Your sort code and account number? / C: Sort code {sort}, account number {account}. / A: Lovely.",
        "C: {card} / A: And is that the long number? / C: Yes it is.",
        "A: Can I have the last four digits of the card? / C: {card.3} / A: Thanks, order {order} is on its way.",
    ),
    "cvv": (
        "A: And the three digits on the back? / C: {cvv}. / A: Great, that's {price} in total.",
        "A: Security code? / C: It's {cvv}. / A: {cvv}, thank you.",
        "C: The CVV is {cvv} and my order number is {order}.",
        "A: I also need the security code. / C: Where is that? / A: On the signature strip. / C: Oh, {cvv}.",
        "C: {cvv} is the security code.",
        "A: What's the last three on the back of the card? / C: Um, {cvv}. / A: That has gone through. Anything else?",
    ),
    "iban": (
        "A: What's your IBAN? / C: It's {iban}. / A: Thank you.",
        "C: Please send it to {iban}. / A: Okay.",
        "A: IBAN please. / C: {iban.0} / A: Yes. / C: {iban.1} / A: Go on. / C: {iban.2}",
    ),
    "phone": (
        "A: What's the best number to call you on? / C: {phone}. / A: {phone}. Perfect.",
        "C: My phone number is {phone}.",
        "C: You can call me on {phone} after {time}. / A: And the order number? / C: {order}.",
        "A: Mobile number? / C: {phone.0} / A: Yes. / C: {phone.1}",
        "C: It's {phone}, that's my number.",
    ),
    "email": (
        "A: What's your email address? / C: {email}. / A: Thank you.",
        "C: Send it to {email} please.",
        "A: And the email? / C: It's {email}. / A: So {email}, is that right? / C: Yes.",
    ),
    "address": (
        "A: Can I have your address? / C: {address}. / A: Thank you.",
        "C: I live at {address}.",
        "A: What's the postcode? / C: {postcode}. / A: And the house number? / C: {count}.",
        "C: Please deliver it to {address}, order {order}.",
    ),
    "name": (
        "A: Thank you for calling, this is {name2.first} speaking. / C: Hi, my name is {name}. / A: Hello {name.first}.",
        "A: Can I take your name please? / C: {name}. / A: Thanks, {name.first}.",
        "A: Who am I speaking to? / C: It's {name}. That's {name.spelled}.",
        "C: Could you put me through to {name2.first}? / A: {name2.first} is off today.",
        "A: Good morning, Mrs {name.last}. How are you?",
        "A: Surname? / C: {name.last}, {name.spelled}.",
    ),
    "date": (
        "A: Date of birth? / C: {date}. / A: Thank you.",
        "C: I was born on {date}.",
        "C: It was ordered on {date}, order number {order}.",
        "A: Can you confirm your date of birth for me? / C: Yes, {date}. / A: That's great.",
    ),
    "": (
        "C: My order number is {order} and I paid {price} on Monday. / A: It will arrive in {count} days.",
        "A: The total is {price}, and delivery is {price}. / C: I thought it was {price} in {year}.",
        "C: I've been a customer since {year} and I pay {price} a month. / A: I can offer {count} months at {price}.",
        "A: We open at {time} and close at {time}. / C: I called at {time}, and waited {count} minutes.",
        "A: Your reference is {order}. / C: {order}? / A: That's right.",
        "A: Please never tell anyone your security code. / C: Okay. / A: Your balance is {price}.",
        "C: The internet is slow since {year}, I get {count} megabytes instead of {count}. / A: Restart it at {time}.",
    ),
}
"""Templates by kind, for choosing rules and numbers; "" has distractors only."""

REPORT: Final = {
    "card": (
        "A: I'll just take payment now. If you read me your card number, I'll put it in. / C: Sure. {card}.",
        "C: Do you take American Express? / A: We do, go ahead. / C: Right, {card}. / A: And the expiry? / C: {expiry}.",
        "A: Sixteen digits across the middle, please. / C: {card.0}. / A: Mm-hmm. / C: {card.1}. / A: Yep. / C: {card.2}. / A: "
        "Got that. / C: And {card.3}.",
        "C: Okay, so we've got {card.0} {card.1}, have you got that? / A: Yes I have. / C: And then it's {card.2} {card.3}.",
        "A: Could you read that back to me? / C: {card} valid until {expiry}. / A: Thanks for that.",
        "C: I've got two cards, the one I want to use is {card}. / A: Is that a debit card? / C: It is.",
        "A: So that was {card.0} / C: Yes. / A: {card.1} / C: Yes. / A: {card.2} / C: Yes. / A: and {card.3} / C: Correct.",
        "A: And which account should it come from? / C: Account number {account}, and the sort code's {sort}.",
        "C: the card ends in {card.3}, I think. / A: Let me check that for you. It's {price} to pay.",
        "C: {card.0} {card.1} {card.2}, sorry the dog is barking, one second, and {card.3}. / A: No problem at all.",
        "A: The card you used last time expires {expiry}. Is it still valid? / C: No, the new one is {card}.",
    ),
    "cvv": (
        "A: And if you turn the card over, there are three numbers on the signature strip. / C: {cvv}.",
        "A: Can you give me the CVC please? / C: Yep, {cvv}. / A: That's all done for you.",
        "C: And the code on the back is {cvv}. / A: Thank you. So {price} will leave your account.",
        "A: The last bit is the security number. / C: Is that the one on the back? / A: Yes. / C: {cvv}.",
        "C: You'll want the security code, {cvv}. / A: Perfect, I was about to ask.",
        "A: Just those final three digits on the reverse? / C: Let me see. {cvv}. / A: And you booked for {count} people.",
        "A: What is your C V V number? / C: my what? / A: The little number on the back. / C: oh right {cvv}",
    ),
    "iban": (
        "A: Could you give me the bank details for the refund? / C: The IBAN is {iban}.",
        "C: You can transfer it to {iban}, that's a current account. / A: Noted.",
        "A: Right, let's have the international bank account number. / C: {iban.0}. / A: Okay. / C: {iban.1}. / A: And? / C: "
        "{iban.2}.",
        "A: I have your IBAN as {iban}. Is that still right? / C: It is.",
    ),
    "phone": (
        "A: In case we get cut off, what number can I reach you on? / C: {phone}.",
        "C: Could you ring me back? / A: Of course. / C: It's {phone}, any time before {time}.",
        "A: I have a landline here, {phone}. / C: That's the old one. My mobile's {phone2}.",
        "C: If he's out, try his wife on {phone}. / A: Will do.",
        "A: The number you're calling from, is it {phone}? / C: Yes, that's right.",
        "A: Contact number? / C: {phone.0}. / A: Got that. / C: {phone.1}. / A: Great, reference {order}.",
    ),
    "email": (
        "A: Where shall I send the confirmation? / C: To {email}, please.",
        "C: My email's {email}. / A: Is that all lower case? / C: Yes.",
        "A: I've got {email} on file for you. / C: That's it.",
        "A: Do you have an email address at all? / C: I do, it's my work one, {email}. / A: Lovely.",
    ),
    "address": (
        "A: And the first line of your address and postcode? / C: {address}.",
        "C: We've moved, we're at {address} now. / A: Congratulations.",
        "A: Where's it going to? / C: {address}. / A: That'll be {price}.",
        "A: Can you confirm the postcode for me? / C: Yes, {postcode}. / A: Super.",
        "C: The engineer went to {address}, which is the wrong house.",
        "A: I have {address}. Is that correct? / C: That's correct.",
    ),
    "name": (
        "A: You're through to {name2.first}, who have I got on the line? / C: {name}.",
        "C: Good afternoon, {name} calling from the garage. / A: Hi {name.first}, how can I help?",
        "A: Is that Mr {name.last}? / C: It is. / A: I have {name} here as the account holder.",
        "C: My wife {name2.first} spoke to someone called {name.first} yesterday.",
        "A: How do you spell your surname? / C: {name.spelled}. / A: Thank you Mr {name.last}.",
        "A: Whose name is on the account? / C: It should be under {name}.",
        "C: Yeah it's {name.first} again, I was cut off. / A: No worries {name.first}.",
        "A: What name is on the card? / C: {name}. / A: Great. That's {price}.",
    ),
    "date": (
        "A: For security, when were you born? / C: {date}.",
        "A: And the D.O.B. for the patient? / C: That's {date}. / A: Thanks.",
        "C: My appointment is on {date} at {time}. / A: I can see it.",
        "C: I moved in on {date} and paid {price}. / A: Okay.",
        "A: Your birthday please, day, month and year. / C: {date}. / A: That matches.",
    ),
    "": (
        "A: The flight leaves at {time} and it's {price} per person for {count} people. / C: Reference {order}, right?",
        "C: I ordered {count} of them in {year} and only got {count}. / A: Invoice {order}? / C: Yes.",
        "A: It's on model number {order}, made in {year}. / C: It cost me {price}.",
        "C: My meter says {order}. / A: Then you owe {price} for {count} weeks. / C: And last year? / A: {price}.",
        "A: I won't ask for your PIN or the security code. / C: Good. / A: Your parcel {order} comes at {time}.",
        "A: We have {count} in blue, {count} in red. / C: I'll take {count}, at {price} each, so {price}? / A: Yes, by {time}.",
        "C: Page {count}, line {count}, it says {price} for {year}. / A: That is a typing error.",
        "A: You are number {count} in the queue, it takes {count} minutes. / C: It took {count} hours in {year}.",
    ),
}
"""Templates by kind, for the figures only."""
