"""Entries become objects: scope, anchors and attribute flow. No I/O, no clock."""
