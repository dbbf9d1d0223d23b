"""Reads documents into trees whose nodes know their parents: each tree is a cycle, and dies late.

    pyrena run documents.py
    pyrena run documents.py --mended
"""

import sys
import weakref

TEXT = """
# Arenas
An arena is a large piece of memory.
## Pools
A pool holds blocks of one size.
## Blocks
A block holds an object.
# Garbage
Cycles are found by the collector.
"""

DOCUMENTS = 3000
alive = 0
most_alive = 0


class Section:
    """A heading with what stands below it."""

    def __init__(self, title, parent):
        self.title = title
        self.parent = parent
        self.lines = []
        self.children = []


class MendedSection(Section):
    """Holds its parent weakly: nothing leads up that keeps the tree alive."""

    def __init__(self, title, parent):
        super().__init__(title, parent and weakref.ref(parent))


class Document:
    """A tree, and whatever has to be closed when nobody needs it any more."""

    def __init__(self, text, section):
        global alive, most_alive
        alive += 1
        most_alive = max(alive, most_alive)
        self.source = text
        self.root = section("", None)
        self.root.document = self if section is Section else weakref.ref(self)

    def __del__(self):
        global alive
        alive -= 1


def parse(text, section=Section):
    document = Document(text, section)
    path = [document.root]
    for line in text.strip().splitlines():
        level = len(line) - len(line.lstrip("#"))
        if level == 0:
            path[-1].lines.append(line.split())
            continue
        del path[level:]
        path.append(section(line.lstrip("# "), path[-1]))
        path[-2].children.append(path[-1])
    return document


def read_all(count=DOCUMENTS, section=Section):
    headings = 0
    for number in range(count):
        document = parse(f"{TEXT}Copy {number}.", section)
        headings += len(document.root.children)
    return headings


def read_all_mended(count=DOCUMENTS):
    return read_all(count, MendedSection)


if __name__ == "__main__":
    headings = read_all_mended() if "--mended" in sys.argv else read_all()
    print(f"{headings:,} headings read; at most {most_alive:,} of {DOCUMENTS:,} documents were alive at once")
    document = parse(TEXT)  # one to look at
