"""Batch processing: many recordings, each transcribed once by workers that may crash, with a journal to resume from.

discovery       files, folders, patterns and manifests become recordings
manifest        CSV files of recordings with their own settings
naming          distinct names of results
journal         one row per recording and attempt, in SQLite
locks           claims on recordings, released when their process ends
history         what the journal of a folder says, read without a claim
worker          the program of a worker: load the models once, transcribe recordings
recording_pool  workers for a batch, local or on a Ray cluster
scheduler       the main loop
superseded      results of earlier content, moved out of the way
folder_watch    folders watched for new recordings
estimate        time and space of a run, and the key under which a recording counts as done
report          lines of progress, the summary, the plan and failures.csv
"""
