"""Entries become objects: scope, anchors, attribute flow, the document's own rules, and joins. No I/O, no clock."""
