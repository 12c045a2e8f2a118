"""How well the detection sees, measured on any checkout: `python -m tests.accuracy CHECKOUT...`."""
