# A cycle that only the collector frees
# watch: a b
import gc
import weakref


class Node:
    def __init__(self, name):
        self.name = name
        self.next = None


gc.disable()
a = Node("a")
b = Node("b")
a.next = b
b.next = a
alive = weakref.ref(a)

a = b = None
print("without a name:", "alive" if alive() else "gone")
print("collected:", gc.collect())
print("after the collection:", "alive" if alive() else "gone")
