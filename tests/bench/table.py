"""What was measured, for people."""

from bench.codec import Found


def table(found: Found) -> str:
    """A table with one line for each piece of work."""
    head = (
        f"One export: {found.users:,} users with 20 attributes, a group with {found.references:,} references\n"
        f"{found.binary:,} bytes binary, {found.text:,} bytes as text XML; best of {found.rounds} rounds\n\n"
        f"{'':<20}{'ours':>10}{'lxml':>10}{'ratio':>8}{'MB/s':>8}{'peak memory':>14}\n"
    )
    lines = (
        f"{row.what:<20}{row.ours * 1000:>7.0f} ms{row.peer * 1000:>7.0f} ms{row.ratio:>8.2f}"
        f"{found.binary / row.ours / 1e6:>8.0f}{row.memory:>9.2f} times\n"
        for row in found.rows
    )
    return head + "".join(lines)
