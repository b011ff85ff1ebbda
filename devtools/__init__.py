"""What `./dev` does: set-up on a fresh machine, builds, checks, and starting everything else.

May import the standard library only: it runs before anything is installed.
Never writes outside the project folder.
"""
