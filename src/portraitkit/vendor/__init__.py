"""What an adapter is made of: its account and tables, reading answers, and its raw calls."""
