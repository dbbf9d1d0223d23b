# It asks, you answer
# watch: words
words = []
while True:
    word = input("A word (or nothing): ")
    if not word:
        break
    words.append(word)
    print(len(words), "words, last one", repr(word))
