"""No new lock-in: what of a change ties the code to one vendor, and was not there before.

`checking` judges a change; `gate` knows, before any of that is loaded, of most changes that there is nothing to judge.
"""
