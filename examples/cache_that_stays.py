"""A cache that grows, is cleared, and does not give its memory back.

A web service keeps a session record of every visitor in memory. One login in a hundred fails, and for each of these
an audit log keeps the session's token: one short string. At night the cache is cleared. Every record is gone, the
audit log is tiny, and yet the process stays as big as it was at its peak. Why?

    pyrena run examples/cache_that_stays.py
"""

import gc
import hashlib
import sys
import weakref

VISITORS = 40_000
LOGINS_PER_FAILURE = 100


class Session:
    """What the service remembers about one visitor."""

    __slots__ = ("token", "user", "pages", "settings", "__weakref__")

    def __init__(self, number):
        self.token = hashlib.sha256(b"visitor %d" % number).hexdigest()
        self.user = f"user-{number}@example.org"
        self.pages = [f"/catalogue/item/{number + step}" for step in range(8)]
        self.settings = {"language": "en", "visits": number + 1000, "theme": f"theme-{number}"}


sessions = {}
audit_log = []


def log_in(number):
    session = Session(number)
    sessions[session.token] = session
    if number % LOGINS_PER_FAILURE == 0:
        audit_log.append(session.token)
    return session


def main():
    for number in range(VISITORS):
        session = log_in(number)
    print(f"{len(sessions):,} sessions in the cache, {len(audit_log):,} tokens in the audit log")

    last_session = weakref.ref(session)
    del session
    sessions.clear()
    gc.collect()
    gone = "gone" if last_session() is None else "still alive"
    print(f"cache cleared: {len(sessions)} sessions left, and the last record is {gone}")

    kept = sys.getsizeof(audit_log) + sum(sys.getsizeof(token) for token in audit_log)
    print(f"all that the service still holds is its audit log: {kept / 1024:.1f} KiB")


if __name__ == "__main__":
    main()
