"""One file a tool: what the renderer is asked for, made from an Application's source; and which tool a source is for.

May import models, the protocol and what answers it. Nothing here starts a child or reads a clock.
"""
