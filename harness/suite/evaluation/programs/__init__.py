"""Programs that language models wrote, scored without being trusted.

`judge.py` starts two confined processes a program: `candidate.py` runs the program and nothing else, and
`examiner.py` runs the dataset's tests, for which the program's functions are proxies: calls and answers pass
between the two as plain data. The verdict is the examiner's, so there is none for a program to forge.

What the two import, here and in the packages above, is little and of the standard library.
"""
