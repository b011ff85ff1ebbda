"""What tests stand on: real servers as fixtures, and the audit log of the API servers as judge.

May import anything; product code never imports it.
"""
