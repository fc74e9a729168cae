"""Exit-wave engines: one module holds one engine, of the name that it has in `campaign.engines`."""
