"""Isolated workers: a program runs in other processes, which may crash, hang or run out of memory.

program         the program a worker runs, and the call of its handler
pool            the interface of all pools, and how a job ends
process_pool    processes on this machine
worker_process  the code inside such a process
ray_pool        actors on a Ray cluster (extra ``[ray]``)

Jobs and results are the caller's picklable values; this package knows nothing of recordings.
"""
