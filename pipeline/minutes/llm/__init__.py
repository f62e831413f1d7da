"""Minutes with a language model that the user names: it chooses and labels; every item stays words of the transcript.

model      which model, where, and with which key
transport  one HTTP exchange, within a time and a size
client     one question in the OpenAI chat protocol
failures   what can go wrong
segments   numbered segments of a transcript, and chunks that fit a context
prompts    what is asked
answers    what is accepted
asking     retries, and when to stop asking
choosing   the best of too many candidates
parts      answers and gaps, and the notices about them
topics     topics from the model's boundaries
making     minutes of a transcript

Nothing here is imported, and no library for HTTP is loaded, unless a language model is named.
"""
