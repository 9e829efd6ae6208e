-- System views: columns with their types, then the query, whose names are all qualified.

CREATE VIEW pg_group (grosysid oid, groname name, grolist oid[]) AS
SELECT a.oid, a.rolname, ARRAY(SELECT m.member FROM pg_catalog.pg_auth_members m WHERE m.roleid = a.oid)
FROM pg_catalog.pg_authid a WHERE NOT a.rolcanlogin;

