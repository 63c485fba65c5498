"""From a configuration file to a provider."""
