"""The neural renderer: a network that finishes what moving pixels cannot show."""
