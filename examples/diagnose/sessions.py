"""A web service's cache of sessions, which is cleared at night and does not give its memory back.

    pyrena run sessions.py
    pyrena run sessions.py --mended
"""

import gc
import hashlib
import sys

VISITORS = 30_000
LOGINS_PER_FAILURE = 100


class Session:
    """What the service remembers about one visitor."""

    __slots__ = ("token", "user", "pages", "settings")

    def __init__(self, number):
        self.token = hashlib.sha256(b"visitor %d" % number).hexdigest()
        self.user = f"user-{number}@example.org"
        self.pages = [f"/catalogue/item/{number + step}" for step in range(8)]
        self.settings = {"language": "en", "visits": number + 1000, "theme": f"theme-{number}"}


sessions = {}
failed_logins = []


def log_in(number):
    session = Session(number)
    sessions[session.token] = session
    if number % LOGINS_PER_FAILURE == 0:
        failed_logins.append(session.token)


def clear_at_night(mended):
    sessions.clear()
    gc.collect()
    if mended:
        # Copies are made one after the other, and lie together; the scattered originals are freed.
        failed_logins[:] = [token.encode().decode() for token in failed_logins]


def rss():
    """Memory of this process that is resident, in MiB; None where the system does not tell."""
    try:
        with open("/proc/self/statm") as statm:
            return int(statm.read().split()[1]) * 4096 / 2**20
    except OSError:
        return None


def say(when):
    resident = rss()
    shown = "" if resident is None else f", {resident:.0f} MiB resident"
    print(f"{when}: {len(sessions):,} sessions, {len(failed_logins)} failed logins{shown}")


def main():
    say("in the morning")
    for number in range(VISITORS):
        log_in(number)
    say("in the evening")
    clear_at_night(mended="--mended" in sys.argv)
    say("after the night")


if __name__ == "__main__":
    main()
