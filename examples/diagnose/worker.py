"""A worker that takes jobs off a queue and grows: of each job a little stays, in three places.

    pyrena run worker.py 2000
    pyrena run worker.py 2000 --mended
"""

import functools
import itertools
import queue
import sys

numbers = itertools.count(1)
jobs = queue.SimpleQueue()
failures = []
when_done = []


class Job:
    """What somebody wants to have done."""

    def __init__(self, number):
        self.number = number
        self.lines = [f"job {number}, line {line}" for line in range(20)]


@functools.lru_cache(maxsize=None)
def rate(customer, hour):
    """What an hour costs this customer; looked up once."""
    return (hash(customer) ^ hour) % 97 + 1.5


class Overdrawn(Exception):
    """A job that cannot be done."""


def check(job):
    total = sum(len(line) for line in job.lines)
    if job.number % 10 == 0:
        raise Overdrawn(f"job {job.number} has {total} characters")


def handle(job):
    rate(f"customer {job.number % 50}", job.number)
    when_done.append(lambda: print("done:", job.number))
    try:
        check(job)
    except Overdrawn as failure:
        failures.append(failure)


def handle_mended(job):
    # The hour is one of the day, as it was meant: 50 customers and 24 hours, and no more.
    rate(f"customer {job.number % 50}", job.number % 24)
    try:
        check(job)
    except Overdrawn as failure:
        # The text is kept, and not the exception: that holds its traceback, and this the job.
        failures.append(str(failure))
    # Nothing is registered that nobody ever takes away.


def work(count=1000, handler=handle):
    """Do so many jobs."""
    for number in itertools.islice(numbers, count):
        jobs.put(Job(number))
    while not jobs.empty():
        handler(jobs.get())


def work_mended(count=1000):
    work(count, handle_mended)
    failures.clear()


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    (work_mended if "--mended" in sys.argv else work)(count)
