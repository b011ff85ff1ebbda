# Forwards to ./dev and does nothing else.
COMMANDS := setup up down test check bench faults lock

.PHONY: help $(COMMANDS)
help:
	@./dev --help

$(COMMANDS):
	@./dev $@ $(ARGS)
