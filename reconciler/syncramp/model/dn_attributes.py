"""Attributes whose values name other entries by their DN (MS-ADA1 to 3, RFC 4519), of people and of groups."""

DN_VALUED = frozenset(
    {
        "altrecipient",
        "assistant",
        "authorig",
        "directreports",
        "distinguishedname",
        "dlmemrejectperms",
        "dlmemsubmitperms",
        "homemdb",
        "manager",
        "managedby",
        "managedobjects",
        "member",
        "memberof",
        "msds-objectreference",
        "msexchcomanagedbylink",
        "msexchdelegatelistlink",
        "msexchteammailboxsharepointlinkedby",
        "objectcategory",
        "owner",
        "publicdelegates",
        "publicdelegatesbl",
        "roleoccupant",
        "secretary",
        "seealso",
        "unauthorig",
    }
)
