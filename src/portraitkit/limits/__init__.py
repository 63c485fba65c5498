"""How often an account may be asked."""
