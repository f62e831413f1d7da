"""The server: the audio API that OpenAI's clients speak, jobs for long recordings, and a page (extra ``[serve]``).

settings        what an operator chooses
app             the application: routes, start and stop
context         what the routes share
audio_routes    POST /v1/audio/transcriptions, GET /v1/models
audio_request   such a request as settings and a `Reply`
request_fields  its fields in every spelling
references      its recordings of known speakers
job_routes      /v1/jobs
job_bodies      what requests for jobs send
job_view        a job as clients see it
downloads       files as answers
page_routes     the page at /, its files, sign-in
operation       /healthz, /readyz, /metrics, the log
uploads         multipart bodies, written to disk as they come
replies         the bodies of answers, one module per format
api_errors      errors in the shape of the API
security        tokens, origins, headers, limits per client
work            what workers are asked for, and how that ends
dispatcher      the bounded queue in front of worker processes
tickets         submitted work, which any number of readers follow
worker          the program of a worker: transcribe one recording
renderer        the program of a worker: write a finished transcript in a format
failures        errors in a worker as the ends of its work
jobs            the journal of jobs

The front process loads no model and no recording: memory and crashes stay in the workers.
"""
