# Arenas come and go
# watch: kept
import gc

kept = []
for size in (20, 100, 200, 400):
    for n in range(20_000):
        kept.append(bytes(size))
    print(f"{size:3} bytes: {len(kept):6,} objects")

# Of every hundred, keep one: the blocks are free, the arenas stay.
kept = kept[::100]
gc.collect()
print(f"kept {len(kept)} objects; look at the arenas")
