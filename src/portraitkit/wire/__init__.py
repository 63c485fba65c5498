"""What flows and the engine say to each other: steps, bodies, tables for JSON and for errors."""
