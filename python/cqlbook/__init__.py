"""What the wheel of cqlbook carries in Python. The kernel is the program `cqlbook` beside it; nothing here starts it."""
