"""Strategies for what travels: objects with values of every type, and lists as long as groups are."""

from hypothesis import strategies as st

from syncramp.model.wire import AnchorType, LinkOperation, Operation, ReferenceChange, SyncObject

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40) | st.sampled_from(["", "0", "1", "x" * 300])
anchors = st.text("ABCDabcd0123=+/é", min_size=2, max_size=4) | st.just("AAAAAAAAAAAAAAAAAAAAAA==")


@st.composite
def long_lists(draw: st.DrawFn) -> tuple[str, ...]:
    """Anchors of one length, with a few others among them."""
    items = [f"anchor{number:04}==" for number in range(draw(st.integers(0, 120)))]
    for place in draw(st.lists(st.integers(0, 120), max_size=3)):
        items[place:place] = [draw(anchors)]
    return tuple(items)


@st.composite
def changes(draw: st.DrawFn) -> tuple[ReferenceChange, ...]:
    """Reference changes, mostly of one kind."""
    operation, by = draw(st.sampled_from(LinkOperation)), draw(st.sampled_from(AnchorType))
    made = [ReferenceChange(anchor, operation, by) for anchor in draw(long_lists())] or [ReferenceChange("A")]
    for place in draw(st.lists(st.integers(0, 120), max_size=3)):
        made[place:place] = [draw(st.builds(ReferenceChange, texts, st.sampled_from(LinkOperation)))]
    return tuple(made)


values = st.one_of(
    texts,
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.binary(max_size=40),
    st.none(),
    st.lists(texts, max_size=4).map(tuple),
    long_lists(),
    st.lists(st.binary(max_size=20), min_size=1, max_size=4).map(tuple),
    changes(),
)
keys = st.sampled_from(["SourceAnchor", "displayName", "mail", "proxyAddresses", "member", "Member"]) | texts
objects = st.builds(
    SyncObject,
    st.sampled_from(["User", "Group", "Contact"]),
    st.sampled_from(Operation),
    st.dictionaries(keys, values, max_size=6),
)
