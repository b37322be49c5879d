"""Work on the files of a Samba domain controller, for ``support.samba``.

It runs in the system's Python, which alone has Samba's modules: ``samba_offline.py COMMAND FOLDER``, with a JSON
document on stdin. ``provision`` makes a domain and prepares it before its server starts (``configure``
writes its configuration alone); ``add`` writes entries
straight into sam.ldb, in one transaction (about 3 ms for a user), whether the server runs or not; ``replace``
writes a value that is the server's own; ``grant`` adds entries to an access list; ``recycle`` switches the recycle
bin on; ``export`` writes keytabs.
"""

import json
import logging
import sys
from pathlib import Path

import ldb
import samba.dckeytab  # noqa: F401  # gives Net the export of keytabs
from samba.auth import system_session
from samba.dsdb import DS_DOMAIN_FUNCTION_2008_R2
from samba.net import Net
from samba.param import LoadParm
from samba.provision import provision
from samba.samdb import SamDB
from samba.sd_utils import SDUtils

REPLICATING_DIRECTORY_CHANGES = "1131f6aa-9c07-11d1-f79f-00c04fc2dcd2"
RECYCLE_BIN = "766ddcd8-acd0-445e-f3b9-a7f9b6744f2a"
CONFIGURATION = """\
[global]
    netbios name = {name}
    realm = {realm}
    workgroup = {domain}
    server role = active directory domain controller
    server services = {services}
    interfaces = {address}/8
    bind interfaces only = yes
    private dir = {folder}/private
    state directory = {folder}/state
    cache directory = {folder}/cache
    lock directory = {folder}/lock
    pid directory = {folder}/run
    ncalrpc dir = {folder}/run/ncalrpc
    ntp signd socket directory = {folder}/run/ntp
    winbindd socket directory = {folder}/run/winbindd
    log file = {folder}/log
    max log size = 0
    ldap server require strong auth = allow_sasl_over_tls
    ldb:nosync = yes
    dns update command = /bin/true
    spn update command = /bin/true
    samba kcc command = /bin/true
    gpo update command = /bin/true
[sysvol]
    path = {folder}/state/sysvol
[netlogon]
    path = {folder}/state/sysvol/scripts
"""


def main() -> None:
    """The command of argv, on the folder of argv."""
    command, folder = sys.argv[1], Path(sys.argv[2])
    asked = json.load(sys.stdin)
    if command == "provision":
        _provision(folder, asked)
    elif command == "configure":
        _configure(folder, asked)
    elif command == "replace":
        _replace(_open(folder), asked)
    elif command == "grant":
        _grant(_open(folder), asked)
    elif command == "recycle":
        _recycle(_open(folder))
    elif command == "export":
        _export(_parameters(folder), asked)
    else:
        _add(_open(folder), asked)


def _provision(folder: Path, asked: dict) -> None:
    _configure(folder, asked)
    parameters = _parameters(folder)
    logging.basicConfig(level=logging.ERROR)
    provision(
        logging.getLogger("provision"),
        system_session(),
        smbconf=str(folder / "etc" / "smb.conf"),
        lp=parameters,
        targetdir=None,
        realm=asked["realm"],
        domain=asked["domain"],
        hostname=asked["name"].lower(),
        hostip=asked["address"],
        adminpass=asked["password"],
        serverrole="active directory domain controller",
        dns_backend="NONE",
        dom_for_fun_level=DS_DOMAIN_FUNCTION_2008_R2,
        backend_store="tdb",
        batch_mode=True,
        skip_sysvolacl=True,
    )
    database = _open(folder)
    _relax_passwords(database)
    for account in asked["accounts"]:
        database.newuser(account["name"], account["password"])
        if account["replicates"]:
            _let_replicate(database, account["name"])
    _leave_a_tombstone(database)
    _serve_as(database, asked["principals"])
    _export(parameters, asked["keytabs"])


def _configure(folder: Path, asked: dict) -> None:
    for name in ("private", "state", "cache", "lock", "run", "etc"):
        (folder / name).mkdir(exist_ok=True)
    (folder / "etc" / "smb.conf").write_text(CONFIGURATION.format(folder=folder, **asked))


def _relax_passwords(database: SamDB) -> None:
    """Any password, for ever."""
    change = ldb.Message(ldb.Dn(database, database.domain_dn()))
    for name, value in {"pwdProperties": "0", "minPwdLength": "1", "minPwdAge": "0", "pwdHistoryLength": "0"}.items():
        change[name] = ldb.MessageElement(value, ldb.FLAG_MOD_REPLACE, name)
    change["maxPwdAge"] = ldb.MessageElement(str(-(2**63)), ldb.FLAG_MOD_REPLACE, "maxPwdAge")
    database.modify(change)


def _let_replicate(database: SamDB, account: str) -> None:
    """Give an account the right that DirSync demands, and the one to list deleted entries, without which Samba (4.17)
    tells it of none.
    """
    (entry,) = database.search(expression=f"(sAMAccountName={account})", attrs=["objectSid"])
    sid = database.schema_format_value("objectSid", entry["objectSid"][0]).decode()
    SDUtils(database).dacl_add_ace(database.domain_dn(), f"(OA;;CR;{REPLICATING_DIRECTORY_CHANGES};;{sid})")
    SDUtils(database).dacl_add_ace(f"CN=Deleted Objects,{database.domain_dn()}", f"(A;;LCRP;;;{sid})")


def _grant(database: SamDB, asked: dict) -> None:
    """Put entries, in SDDL with ``{sid}`` for an account, into the access list of one."""
    (entry,) = database.search(expression=f"(sAMAccountName={asked['account']})", attrs=["objectSid"])
    sid = database.schema_format_value("objectSid", entry["objectSid"][0]).decode()
    for right in asked["rights"]:
        SDUtils(database).dacl_add_ace(asked["dn"], right.format(sid=sid))


def _recycle(database: SamDB) -> None:
    """Switch the recycle bin on, which only the system itself may in Samba (4.17)."""
    name = f"CN=Partitions,{database.get_config_basedn()}:{RECYCLE_BIN}"
    change = ldb.Message(ldb.Dn(database, ""))
    change["enableOptionalFeature"] = ldb.MessageElement(name, ldb.FLAG_MOD_ADD, "enableOptionalFeature")
    database.modify(change)


def _leave_a_tombstone(database: SamDB) -> None:
    """As every domain has: where none is shown, nobody can tell whether any would be."""
    database.create_ou(f"OU=Left,{database.domain_dn()}")
    database.delete(f"OU=Left,{database.domain_dn()}")


def _serve_as(database: SamDB, services: list) -> None:
    """Give the domain controller's account names that tickets are asked for by."""
    (entry,) = database.search(expression="(sAMAccountName=DC1$)", attrs=["dn"])
    change = ldb.Message(entry.dn)
    change["spn"] = ldb.MessageElement(services, ldb.FLAG_MOD_ADD, "servicePrincipalName")
    database.modify(change)


def _add(database: SamDB, entries: list) -> None:
    database.transaction_start()
    for entry in entries:
        database.add(entry)
    database.transaction_commit()


def _replace(database: SamDB, asked: dict) -> None:
    """What the server itself writes only; it obeys the control by which Samba's own tools do so."""
    change = ldb.Message(ldb.Dn(database, asked["dn"]))
    change["value"] = ldb.MessageElement(
        [bytes.fromhex(asked["value"])] if asked["value"] else [], ldb.FLAG_MOD_REPLACE, asked["attribute"]
    )
    database.modify(change, ["relax:0"])


def _export(parameters: LoadParm, keytabs: dict) -> None:
    for keytab, principal in keytabs.items():
        Net(None, parameters).export_keytab(keytab=keytab, principal=principal)


def _parameters(folder: Path) -> LoadParm:
    parameters = LoadParm()
    parameters.load(str(folder / "etc" / "smb.conf"))
    return parameters


def _open(folder: Path) -> SamDB:
    options = ["batch_mode:1", "transaction_index_cache_size:100000"]
    return SamDB(
        url=str(folder / "private" / "sam.ldb"),
        session_info=system_session(),
        lp=_parameters(folder),
        options=options,
    )


main()
