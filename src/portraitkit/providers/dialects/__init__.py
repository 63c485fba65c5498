"""What several vendors share: interfaces, tables and ways to sign."""
