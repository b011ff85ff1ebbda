"""What is known of built-in kinds without asking a server: list keys, defaults, fields that vanish when empty. Tables.

May import nothing but models. Never guesses about custom resources: their own field ownership tells instead.
"""
