"""Many recordings, overnight: found, taken once each, transcribed by workers that may die, written down in a journal.

discovery   files, folders, patterns and manifests become recordings, each with its place in the output folder
journal     one row per recording and attempt; claims that die with who made them
worker      a process that loads the models once and transcribes what it is handed
crew        the parent's side: hands out, listens, gives up on, replaces
night       the loop over all of it
planning    what would be done, how long it takes, how much space
reporting   the table at the end and failures.csv
"""
