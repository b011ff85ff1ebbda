"""The sandbox: real control planes, an embedded Valkey and a Git server on this machine, for `./dev up` and the tests.

May import anything below the doors, and uses little of it: what it starts is judged with it.
Never runs in production, and never writes outside the folders it is given.
"""
