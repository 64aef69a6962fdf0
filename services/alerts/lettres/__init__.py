"""Letters and minutes: from plain data to a French PDF, always the same for the same data.

``store.deposer`` pins a document in the caller's transaction; ``store.pdf`` makes it, once.
"""
