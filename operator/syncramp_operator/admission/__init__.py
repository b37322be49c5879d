"""The validating webhook: documents that would stall are refused before they are stored."""
