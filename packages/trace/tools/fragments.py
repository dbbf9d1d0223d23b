# Leaves a heap behind in which little is tidy: arenas that were given back, one that is kept although it is free,
# pools that are full, nearly empty and used again for another size, and blocks moved by realloc.
import gc

gc.disable()

SIZES = [1, 40, 100, 170, 240, 330, 410, 470]


def blocks(sizes):
    # 33 bytes of header on 64 bits: the whole lies in a pool.
    return list(map(bytes, sizes))


kept = []
for round_number in range(6):
    batch = blocks(SIZES[round_number:] * 150)
    kept.append(batch[round_number::17])
    if round_number == 3:
        kept[0].clear()
        kept[1].clear()
    del batch

tower = blocks([470] * 9000)
survivors = tower[4000::1500]
del tower

growing = []
for n in range(500):
    growing.append(n)
    if n % 3 == 0:
        kept.append([n] * (n % 60))
del kept[5::2]
words = {str(n): float(n) for n in range(300)}
for n in range(0, 300, 2):
    del words[str(n)]
