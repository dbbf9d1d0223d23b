# A million objects
objects = []
for n in range(1_000_000):
    objects.append((n, str(n)))
print(f"{len(objects):,} tuples, each with an int and a string")
