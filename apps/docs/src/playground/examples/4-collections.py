# Collections and their pauses
import gc


class Node:
    pass


for _ in range(100_000):
    node = Node()
    node.me = node

for number, generation in enumerate(gc.get_stats()):
    print(f"generation {number}: {generation}")
