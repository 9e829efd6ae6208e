"""The rows a new database starts with.

Everything that follows from the type registry and the catalogs' own shape is made here; rows of pg_proc, pg_operator,
pg_cast and pg_aggregate come from the function registry, which stands above this floor and is handed in by whoever
creates the database.

    shared_rows()    → {"pg_authid": [tuple, …], "pg_database": …}   once a volume
    database_rows()  → {"pg_type": …, "pg_class": …, …}              once a database

pg_class.relfilenode is 0 in these rows; `bootstrap` fills in the map page each relation got.
"""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache
from typing import Any, Iterable

from aurorapy import ids
from aurorapy.catalog.rows import row
from aurorapy.catalog.schema import CatalogIndex, CatalogTable, catalog_tables, data_lines
from aurorapy.types.builtin import BY_NAME, TYPES
from aurorapy.types.model import Type
from aurorapy.types.values import Array

Rows = dict[str, list[tuple]]

ACLITEM = 1033
BUILTIN_ROLES = (
    # name, OID; none can log in, all inherit
    ("pg_database_owner", 6171),
    ("pg_read_all_data", 6181),
    ("pg_write_all_data", 6182),
    ("pg_monitor", 3373),
    ("pg_read_all_settings", 3374),
    ("pg_read_all_stats", 3375),
    ("pg_stat_scan_tables", 3377),
    ("pg_read_server_files", 4569),
    ("pg_write_server_files", 4570),
    ("pg_execute_server_program", 4571),
    ("pg_signal_backend", 4200),
    ("pg_checkpoint", 4544),
)
# catalogs whose values may be long → OID of their toast table
CATALOG_TOAST = {
    "pg_statistic": 2840, "pg_authid": 4175, "pg_proc": 2836, "pg_attrdef": 2830, "pg_constraint": 2832,
    "pg_rewrite": 2838, "pg_description": 2834, "pg_shdescription": 2846, "pg_database": 4177,
}  # fmt: skip
MONITOR_MEMBER_OF = (3374, 3375, 3377)
PG_DATABASE_OWNER = 6171


def acl(*items: str) -> Array:
    return Array.of(items, ACLITEM)


def shared_rows(superuser: str, verifier: str | None) -> Rows:
    """Roles, databases and tablespaces of a new volume; `superuser` is the bootstrap role's name."""
    rows: Rows = defaultdict(list)
    rows["pg_authid"].append(
        row(
            "pg_authid", oid=ids.BOOTSTRAP_ROLE, rolname=superuser, rolsuper=True, rolinherit=True, rolcreaterole=True,
            rolcreatedb=True, rolcanlogin=True, rolreplication=True, rolbypassrls=True, rolconnlimit=-1,
            rolpassword=verifier,
        )
    )  # fmt: skip
    for name, oid in BUILTIN_ROLES:
        rows["pg_authid"].append(row("pg_authid", oid=oid, rolname=name, rolinherit=True, rolconnlimit=-1))
    for role in MONITOR_MEMBER_OF:
        rows["pg_auth_members"].append(
            row("pg_auth_members", roleid=role, member=3373, grantor=ids.BOOTSTRAP_ROLE, admin_option=False)
        )
    for oid, name in ((ids.DEFAULT_TABLESPACE, "pg_default"), (ids.GLOBAL_TABLESPACE, "pg_global")):
        rows["pg_tablespace"].append(row("pg_tablespace", oid=oid, spcname=name, spcowner=ids.BOOTSTRAP_ROLE))
    template_acl = acl(f"=c/{superuser}", f"{superuser}=CTc/{superuser}")
    for oid, name, template, connect, privileges in (
        (ids.TEMPLATE1_DB, "template1", True, True, template_acl),
        (ids.TEMPLATE0_DB, "template0", True, False, template_acl),
        (ids.POSTGRES_DB, "postgres", False, True, None),
    ):
        rows["pg_database"].append(database_row(oid, name, template=template, connect=connect, datacl=privileges))
    return rows


def database_row(oid: int, name: str, *, owner: int = ids.BOOTSTRAP_ROLE, template: bool = False,
                 connect: bool = True, **more: Any) -> tuple:  # fmt: skip
    return row(
        "pg_database", oid=oid, datname=name, datdba=owner, encoding=6, datlocprovider="c", datistemplate=template,
        datallowconn=connect, datconnlimit=-1, datfrozenxid=ids.FIRST_NORMAL_XID, datminmxid=1,
        dattablespace=ids.DEFAULT_TABLESPACE, datcollate="C.UTF-8", datctype="C.UTF-8", **more,
    )  # fmt: skip


def database_rows(superuser: str) -> Rows:
    """The rows of one database's own catalogs."""
    rows: Rows = defaultdict(list)
    _namespaces(rows, superuser)
    _access_methods(rows)
    _languages_and_collations(rows)
    _operator_classes(rows)
    for type_ in TYPES.values():
        rows["pg_type"].append(type_row(type_))
    for table in catalog_tables().values():
        _catalog_relation(rows, table, superuser)
    return rows


def _namespaces(rows: Rows, superuser: str) -> None:
    for oid, name, owner, privileges in (
        (ids.PG_CATALOG, "pg_catalog", ids.BOOTSTRAP_ROLE, acl(f"{superuser}=UC/{superuser}", f"=U/{superuser}")),
        (ids.PG_TOAST, "pg_toast", ids.BOOTSTRAP_ROLE, None),
        (ids.PUBLIC, "public", PG_DATABASE_OWNER,
         acl("pg_database_owner=UC/pg_database_owner", "=U/pg_database_owner")),
        (ids.INFORMATION_SCHEMA, "information_schema", ids.BOOTSTRAP_ROLE,
         acl(f"{superuser}=UC/{superuser}", f"=U/{superuser}")),
    ):  # fmt: skip
        rows["pg_namespace"].append(row("pg_namespace", oid=oid, nspname=name, nspowner=owner, nspacl=privileges))
    rows["pg_description"].append(
        row("pg_description", objoid=ids.PUBLIC, classoid=2615, objsubid=0, description="standard public schema")
    )


def _access_methods(rows: Rows) -> None:
    rows["pg_am"].append(row("pg_am", oid=ids.HEAP_AM, amname="heap", amhandler=3, amtype="t"))
    for oid, name, handler in ((ids.BTREE_AM, "btree", 330), (405, "hash", 331)):
        rows["pg_am"].append(row("pg_am", oid=oid, amname=name, amhandler=handler, amtype="i"))


def _languages_and_collations(rows: Rows) -> None:
    for oid, name, validator in ((12, "internal", 2246), (13, "c", 2247), (14, "sql", 2248)):
        rows["pg_language"].append(
            row("pg_language", oid=oid, lanname=name, lanowner=10, lanpltrusted=name == "sql", lanvalidator=validator)
        )
    for oid, name, provider, encoding, locale in (
        (ids.DEFAULT_COLLATION, "default", "d", -1, None),
        (ids.C_COLLATION, "C", "c", -1, "C"),
        (951, "POSIX", "c", -1, "POSIX"),
        (12340, "ucs_basic", "c", 6, "C"),
        (12341, "C.utf8", "c", 6, "C.utf8"),
    ):
        rows["pg_collation"].append(
            row("pg_collation", oid=oid, collname=name, collnamespace=ids.PG_CATALOG, collowner=10,
                collprovider=provider, collisdeterministic=True, collencoding=encoding, collcollate=locale,
                collctype=locale)
        )  # fmt: skip


def _operator_classes(rows: Rows) -> None:
    families: set[int] = set()
    for oid, method, name, family, family_oid, input_type, default, _key in data_lines("opclasses"):
        if input_type not in BY_NAME:
            continue
        am = ids.BTREE_AM if method == "btree" else 405
        if int(family_oid) not in families:
            families.add(int(family_oid))
            rows["pg_opfamily"].append(
                row("pg_opfamily", oid=int(family_oid), opfmethod=am, opfname=family, opfnamespace=11, opfowner=10)
            )
        rows["pg_opclass"].append(
            row("pg_opclass", oid=int(oid), opcmethod=am, opcname=name, opcnamespace=11, opcowner=10,
                opcfamily=int(family_oid), opcintype=BY_NAME[input_type].oid, opcdefault=default == "default")
        )  # fmt: skip


def type_row(type_: Type, *, schema: int = ids.PG_CATALOG, owner: int = ids.BOOTSTRAP_ROLE, relation: int = 0) -> tuple:
    """pg_type's row of a built-in type."""
    io = _type_io().get(type_.name, _ARRAY_IO if type_.elem_oid and type_.category == "A" else _RECORD_IO)
    return row(
        "pg_type", oid=type_.oid, typname=type_.name, typnamespace=schema, typowner=owner, typlen=type_.length,
        typbyval=type_.by_value, typtype=type_.kind, typcategory=type_.category, typispreferred=type_.preferred,
        typisdefined=True, typdelim=type_.delimiter, typrelid=relation, typsubscript=io[6], typelem=type_.elem_oid,
        typarray=type_.array_oid, typinput=io[0], typoutput=io[1], typreceive=io[2], typsend=io[3], typmodin=io[4],
        typmodout=io[5], typanalyze=3816 if type_.category == "A" else 0, typalign=type_.align,
        typstorage=type_.toast, typtypmod=-1, typcollation=type_.collation,
    )  # fmt: skip


# input, output, receive, send, typmod in, typmod out, subscript handler: OIDs of pg_proc
_ARRAY_IO = (750, 751, 2400, 2401, 0, 0, 6179)
_RECORD_IO = (2290, 2291, 2402, 2403, 0, 0, 0)


@lru_cache(maxsize=1)
def _type_io() -> dict[str, tuple[int, ...]]:
    return {line[0]: tuple(int(n) for n in line[2:9]) for line in data_lines("typeio")}


def array_type_name(name: str) -> str:
    """Of the array type that comes with a type of that name."""
    return f"_{name}"[:63]


def composite_type_rows(relation_oid: int, name: str, type_oid: int, array_oid: int, schema: int, owner: int) -> list[tuple]:
    """The row type every table has, and its array type."""
    shared = dict(typnamespace=schema, typowner=owner, typisdefined=True, typdelim=",", typalign="d", typstorage="x",
                  typtypmod=-1, typlen=-1)  # fmt: skip
    rows = [
        row("pg_type", oid=type_oid, typname=name, typtype="c", typcategory="C", typrelid=relation_oid,
            typarray=array_oid, typinput=2290, typoutput=2291, typreceive=2402, typsend=2403, **shared)
    ]  # fmt: skip
    if array_oid:
        rows.append(
            row("pg_type", oid=array_oid, typname=array_type_name(name), typtype="b", typcategory="A", typelem=type_oid,
                typinput=750, typoutput=751, typreceive=2400, typsend=2401, typsubscript=6179, typanalyze=3816, **shared)
        )  # fmt: skip
    return rows


def note_initial_privileges(rows: Rows) -> None:
    """pg_init_privs: what a new database grants, so that pg_dump leaves it out."""
    for catalog, class_oid, column in (("pg_class", 1259, "relacl"), ("pg_namespace", 2615, "nspacl")):
        position = catalog_tables()[catalog].position
        for values in rows[catalog]:
            privileges = values[position[column]]
            if privileges is not None:
                rows["pg_init_privs"].append(
                    row("pg_init_privs", objoid=values[position["oid"]], classoid=class_oid, privtype="i", initprivs=privileges)
                )


# what only superusers read: passwords, samples of rows
PRIVATE_CATALOGS = {"pg_authid", "pg_statistic", "pg_user_mapping", "pg_largeobject", "pg_subscription"}


def _catalog_acl(name: str, superuser: str) -> Array:
    everything = f"{superuser}=arwdDxt/{superuser}"
    return acl(everything) if name in PRIVATE_CATALOGS else acl(everything, f"=r/{superuser}")


def _catalog_relation(rows: Rows, table: CatalogTable, superuser: str) -> None:
    rows["pg_class"].append(
        row("pg_class", oid=table.oid, relname=table.name, relnamespace=ids.PG_CATALOG, reltype=table.row_type,
            relowner=10, relam=ids.HEAP_AM, reltablespace=ids.GLOBAL_TABLESPACE if table.shared else 0,
            reltuples=-1.0, relhasindex=bool(table.indexes), relisshared=table.shared, relpersistence="p",
            relkind="r", relnatts=len(table.columns), relreplident="n", relispopulated=True,
            reltoastrelid=CATALOG_TOAST.get(table.name, 0), relacl=_catalog_acl(table.name, superuser))
    )  # fmt: skip
    if table.name in CATALOG_TOAST:
        rows["pg_class"].append(toast_class_row(CATALOG_TOAST[table.name], table.oid, 10, shared=table.shared))
    for column in table.columns:
        rows["pg_attribute"].append(
            attribute_row(table.oid, column.attno, column.name, column.type, not_null=column.not_null)
        )
    rows["pg_attribute"].extend(system_attribute_rows(table.oid))
    rows["pg_type"].extend(composite_type_rows(table.oid, table.name, table.row_type, 0, ids.PG_CATALOG, 10))
    for index in table.indexes:
        _catalog_index(rows, table, index)


def toast_class_row(oid: int, table: int, owner: int, *, root: int = 0, shared: bool = False) -> tuple:
    """pg_class's row of the heap that keeps a table's long values."""
    return row(
        "pg_class", oid=oid, relname=f"pg_toast_{table}", relnamespace=ids.PG_TOAST, relowner=owner, relam=ids.HEAP_AM,
        relfilenode=root, reltuples=-1.0, relpersistence="p", relkind="t", relnatts=2, relreplident="n",
        relispopulated=True, relisshared=shared, reltablespace=ids.GLOBAL_TABLESPACE if shared else 0,
    )  # fmt: skip


def _catalog_index(rows: Rows, table: CatalogTable, index: CatalogIndex) -> None:
    rows["pg_class"].append(
        row("pg_class", oid=index.oid, relname=index.name, relnamespace=ids.PG_CATALOG, relowner=10,
            relam=ids.BTREE_AM, reltablespace=ids.GLOBAL_TABLESPACE if table.shared else 0, relisshared=table.shared,
            relpersistence="p", relkind="i", relnatts=len(index.columns), relreplident="n", relispopulated=True)
    )  # fmt: skip
    columns = [table.columns[attno - 1] for attno in index.columns]
    for position, column in enumerate(columns, 1):
        rows["pg_attribute"].append(attribute_row(index.oid, position, column.name, column.type))
    rows["pg_index"].append(
        index_row(index.oid, table.oid, index.columns, [default_opclass(c.type) for c in columns],
                  [c.type.collation for c in columns], unique=index.unique, primary=index.primary)
    )  # fmt: skip


def attribute_row(relation: int, attno: int, name: str, type_: Type, *, not_null: bool = False, **more: Any) -> tuple:
    """pg_attribute's row of a column of a built-in or user type; `more` overrides any column."""
    values: dict[str, Any] = dict(
        attrelid=relation, attname=name, atttypid=type_.oid, attlen=type_.length, attnum=attno, attcacheoff=-1,
        atttypmod=-1, attndims=1 if type_.category == "A" else 0, attbyval=type_.by_value, attalign=type_.align,
        attstorage=type_.toast, attnotnull=not_null, attislocal=True, attstattarget=-1, attcollation=type_.collation,
    )  # fmt: skip
    values.update(more)
    return row("pg_attribute", **values)


_SYSTEM_COLUMNS = (("ctid", -1, "tid"), ("xmin", -2, "xid"), ("cmin", -3, "cid"), ("xmax", -4, "xid"),
                   ("cmax", -5, "cid"), ("tableoid", -6, "oid"))  # fmt: skip


def system_attribute_rows(relation: int) -> list[tuple]:
    """The columns every stored relation has without being asked."""
    return [
        attribute_row(relation, attno, name, BY_NAME[type_name], not_null=True, attstattarget=0)
        for name, attno, type_name in _SYSTEM_COLUMNS
    ]


def index_row(oid: int, table: int, columns: Iterable[int], opclasses: Iterable[int], collations: Iterable[int], *,
              unique: bool = False, primary: bool = False, options: Iterable[int] | None = None,
              key_count: int | None = None, **more: Any) -> tuple:  # fmt: skip
    columns = list(columns)
    count = len(columns) if key_count is None else key_count
    return row(
        "pg_index", indexrelid=oid, indrelid=table, indnatts=len(columns), indnkeyatts=count, indisunique=unique,
        indisprimary=primary, indimmediate=True, indisvalid=True, indisready=True, indislive=True,
        indkey=vector(columns, 21), indcollation=vector(collations, 26), indclass=vector(opclasses, 26),
        indoption=vector(options or [0] * count, 21), **more,
    )  # fmt: skip


def vector(items: Iterable[int], elem_oid: int) -> Array:
    """int2vector or oidvector: one dimension from 0."""
    items = tuple(items)
    return Array(items, (len(items),), (0,), elem_oid)


_OPCLASS_ALIASES = {"varchar": "text", "name": "name", "int2vector": "array"}


def default_opclass(type_: Type, method: str = "btree") -> int:
    """OID of the default operator class, 0 when the type cannot be indexed so."""
    return _default_opclasses().get((method, _opclass_input(type_)), 0)


def _opclass_input(type_: Type) -> str:
    if type_.category == "A" and type_.name not in ("oidvector",):
        return "anyarray"
    if type_.kind == "c":
        return "record"
    if type_.name.startswith("reg") and type_.category == "N":
        return "oid"
    return _OPCLASS_ALIASES.get(type_.name, type_.name)


_DEFAULTS: dict[tuple[str, str], int] = {}


def _default_opclasses() -> dict[tuple[str, str], int]:
    if not _DEFAULTS:
        for oid, method, _name, _family, _family_oid, input_type, default, _key in data_lines("opclasses"):
            if default == "default":
                _DEFAULTS[method, input_type] = int(oid)
    return _DEFAULTS
