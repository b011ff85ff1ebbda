"""Decides: what was read goes in, a plan comes out; every rule here can be tried with two YAML files.

May import models and errors only. Never reads a clock, a file or a network, and never changes what it was given.
"""
