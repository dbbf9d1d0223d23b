# No room
blocks = []
try:
    while True:
        blocks.append(bytearray(50_000_000))
except MemoryError:
    print(f"MemoryError after {len(blocks)} blocks of 50 MB")
    blocks.clear()
print("and on it goes:", sum(range(10)))
