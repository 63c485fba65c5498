"""What stands in for a vendor in a test: simulators, replays and a provider in memory."""
