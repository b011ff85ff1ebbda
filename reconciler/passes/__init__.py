"""The parts of one pass: who the application is, what it wants, what is there, acting, recording.

May import `services` and everything below. Never starts a process, sleeps, or knows Celery.
"""
