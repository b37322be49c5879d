"""The domain controller that the tests run is one: what it does to entries is what the tests of sources build on."""

from support.samba import BASE, SYNC, Samba, requires_samba


@requires_samba
def test_entries_come_change_move_go_and_come_back_with_their_guid(domain: Samba) -> None:
    admin = domain.as_administrator
    unit = admin.add_unit("Double")
    guid = admin.add_user("anna", unit, description="first")
    group = admin.add_group("staff", unit, [f"CN=anna,{unit}"])
    admin.replace(f"CN=anna,{unit}", description="second")
    admin.rename(f"CN=anna,{unit}", "CN=anne")
    assert admin.guid(f"CN=anne,{unit}") == guid
    assert admin.values(f"<GUID={group.hex()}>", "member") == [f"CN=anne,{unit}".encode()]
    admin.delete(f"CN=anne,{unit}")
    admin.undelete(guid, f"CN=anne,{unit}")
    assert admin.guid(f"CN=anne,{unit}") == guid
    admin.set_password(f"CN=anne,{unit}", "Another.1")


@requires_samba
def test_many_entries_are_added_at_once_while_it_serves(domain: Samba) -> None:
    people = [
        {"dn": f"CN=many{n},CN=Users,{BASE}", "objectClass": "user", "sAMAccountName": f"many{n}"} for n in range(200)
    ]
    group = {"dn": f"CN=many,CN=Users,{BASE}", "objectClass": "group", "sAMAccountName": "many"}
    domain.add([*people, {**group, "member": [person["dn"] for person in people]}])
    assert len(domain.as_administrator.values(group["dn"], "member")) == 200


@requires_samba
def test_the_account_that_syncs_has_keys_of_its_own(domain: Samba) -> None:
    assert SYNC.encode() in domain.keytab.read_bytes()
