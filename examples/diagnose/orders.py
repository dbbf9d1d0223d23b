"""A trading day: prices come as text in the morning, an eighth of them is kept, and then orders of another size are made.

    pyrena run orders.py
    pyrena run orders.py --mended
"""

import random
import sys

QUOTES = 100_000
ORDERS = 40_000


class Order:
    """What was bought."""

    __slots__ = ("number", "price", "amount", "fee", "done", "note")

    def __init__(self, number, price):
        self.number = number
        self.price = price
        self.amount = 1
        self.fee = 0
        self.done = False
        self.note = None


quotes = []
orders = []


def morning():
    """Reads all quotes, and keeps one in eight."""
    all_quotes = [f"XETR {n % 40:02} {random.random():.12f}" for n in range(QUOTES)]
    quotes.extend(random.sample(all_quotes, QUOTES // 8))


def noon(mended):
    if mended:
        # What is needed is a number: the text can go.
        quotes[:] = [float(quote.split()[2]) for quote in quotes]


def afternoon():
    for number in range(ORDERS):
        orders.append(Order(number, quotes[number % len(quotes)]))


def main():
    random.seed(1)
    morning()
    noon(mended="--mended" in sys.argv)
    afternoon()
    print(f"{len(quotes):,} quotes, {len(orders):,} orders")


if __name__ == "__main__":
    main()
