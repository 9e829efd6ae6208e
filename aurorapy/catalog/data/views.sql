-- System views: columns with their types, then the query. EMPTY has no rows and never will here.

-- roles

CREATE VIEW pg_roles (rolname name, rolsuper bool, rolinherit bool, rolcreaterole bool, rolcreatedb bool, rolcanlogin bool,
  rolreplication bool, rolconnlimit int4, rolpassword text, rolvaliduntil timestamptz, rolbypassrls bool,
  rolconfig text[], oid oid) AS
SELECT a.rolname, a.rolsuper, a.rolinherit, a.rolcreaterole, a.rolcreatedb, a.rolcanlogin, a.rolreplication,
  a.rolconnlimit, '********'::text, a.rolvaliduntil, a.rolbypassrls, s.setconfig, a.oid
FROM pg_catalog.pg_authid a LEFT JOIN pg_catalog.pg_db_role_setting s ON s.setrole = a.oid AND s.setdatabase = 0;

CREATE VIEW pg_shadow (usename name, usesysid oid, usecreatedb bool, usesuper bool, userepl bool, usebypassrls bool, passwd text,
  valuntil timestamptz, useconfig text[]) AS
SELECT a.rolname, a.oid, a.rolcreatedb, a.rolsuper, a.rolreplication, a.rolbypassrls, a.rolpassword, a.rolvaliduntil,
  s.setconfig
FROM pg_catalog.pg_authid a LEFT JOIN pg_catalog.pg_db_role_setting s ON s.setrole = a.oid AND s.setdatabase = 0
WHERE a.rolcanlogin;

CREATE VIEW pg_user (usename name, usesysid oid, usecreatedb bool, usesuper bool, userepl bool, usebypassrls bool, passwd text,
  valuntil timestamptz, useconfig text[]) AS
SELECT s.usename, s.usesysid, s.usecreatedb, s.usesuper, s.userepl, s.usebypassrls, '********'::text, s.valuntil, s.useconfig
FROM pg_catalog.pg_shadow s;

CREATE VIEW pg_group (groname name, grosysid oid, grolist oid[]) AS
SELECT a.rolname, a.oid, ARRAY(SELECT m.member FROM pg_catalog.pg_auth_members m WHERE m.roleid = a.oid)
FROM pg_catalog.pg_authid a WHERE NOT a.rolcanlogin;

-- relations

CREATE VIEW pg_tables (schemaname name, tablename name, tableowner name, tablespace name, hasindexes bool, hasrules bool,
  hastriggers bool, rowsecurity bool) AS
SELECT n.nspname, c.relname, pg_get_userbyid(c.relowner), t.spcname, c.relhasindex, c.relhasrules, c.relhastriggers,
  c.relrowsecurity
FROM pg_catalog.pg_class c
LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_tablespace t ON t.oid = c.reltablespace
WHERE c.relkind IN ('r', 'p');

CREATE VIEW pg_views (schemaname name, viewname name, viewowner name, definition text) AS
SELECT n.nspname, c.relname, pg_get_userbyid(c.relowner), pg_get_viewdef(c.oid)
FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'v';

CREATE VIEW pg_matviews (schemaname name, matviewname name, matviewowner name, tablespace name, hasindexes bool, ispopulated bool,
  definition text) AS
SELECT n.nspname, c.relname, pg_get_userbyid(c.relowner), t.spcname, c.relhasindex, c.relispopulated, pg_get_viewdef(c.oid)
FROM pg_catalog.pg_class c
LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_tablespace t ON t.oid = c.reltablespace
WHERE c.relkind = 'm';

CREATE VIEW pg_indexes (schemaname name, tablename name, indexname name, tablespace name, indexdef text) AS
SELECT n.nspname, c.relname, i.relname, t.spcname, pg_get_indexdef(i.oid)
FROM pg_catalog.pg_index x
JOIN pg_catalog.pg_class c ON c.oid = x.indrelid
JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid
LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_tablespace t ON t.oid = i.reltablespace
WHERE c.relkind IN ('r', 'm', 'p') AND i.relkind IN ('i', 'I');

CREATE VIEW pg_sequences (schemaname name, sequencename name, sequenceowner name, data_type regtype, start_value int8, min_value int8,
  max_value int8, increment_by int8, cycle bool, cache_size int8, last_value int8) AS
SELECT n.nspname, c.relname, pg_get_userbyid(c.relowner), s.seqtypid::regtype, s.seqstart, s.seqmin, s.seqmax,
  s.seqincrement, s.seqcycle, s.seqcache,
  CASE WHEN has_sequence_privilege(c.oid, 'SELECT, USAGE') THEN pg_sequence_last_value(c.oid::regclass) END
FROM pg_catalog.pg_sequence s
JOIN pg_catalog.pg_class c ON c.oid = s.seqrelid
LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'S';

CREATE VIEW pg_rules (schemaname name, tablename name, rulename name, definition text) AS
SELECT n.nspname, c.relname, r.rulename, pg_get_ruledef(r.oid)
FROM pg_catalog.pg_rewrite r
JOIN pg_catalog.pg_class c ON c.oid = r.ev_class
LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE r.rulename <> '_RETURN';

CREATE VIEW pg_policies (schemaname name, tablename name, policyname name, permissive text, roles name[], cmd text, qual text,
  with_check text) AS
EMPTY;

CREATE VIEW pg_publication_tables (pubname name, schemaname name, tablename name, attnames name[], rowfilter text) AS
EMPTY;

CREATE VIEW pg_seclabels (objoid oid, classoid oid, objsubid int4, objtype text, objnamespace oid, objname text, provider text,
  label text) AS
EMPTY;

CREATE VIEW pg_user_mappings (umid oid, srvid oid, srvname name, umuser oid, usename name, umoptions text[]) AS
EMPTY;

CREATE VIEW pg_stats_ext (schemaname name, tablename name, statistics_schemaname name, statistics_name name, statistics_owner name,
  attnames name[], exprs text[], kinds "char"[], inherited bool, n_distinct text, dependencies text,
  most_common_vals text[], most_common_val_nulls bool[], most_common_freqs float8[],
  most_common_base_freqs float8[]) AS
EMPTY;

CREATE VIEW pg_stats (schemaname name, tablename name, attname name, inherited bool, null_frac float4, avg_width int4,
  n_distinct float4, most_common_vals text, most_common_freqs float4[], histogram_bounds text,
  correlation float4, most_common_elems text, most_common_elem_freqs float4[], elem_count_histogram float4[]) AS
SELECT n.nspname, c.relname, a.attname, s.stainherit, s.stanullfrac, s.stawidth, s.stadistinct,
  CASE 1 WHEN s.stakind1 THEN s.stavalues1 WHEN s.stakind2 THEN s.stavalues2 WHEN s.stakind3 THEN s.stavalues3 END::text,
  CASE 1 WHEN s.stakind1 THEN s.stanumbers1 WHEN s.stakind2 THEN s.stanumbers2 WHEN s.stakind3 THEN s.stanumbers3 END,
  CASE 2 WHEN s.stakind1 THEN s.stavalues1 WHEN s.stakind2 THEN s.stavalues2 WHEN s.stakind3 THEN s.stavalues3 END::text,
  CASE 3 WHEN s.stakind1 THEN s.stanumbers1[1] WHEN s.stakind2 THEN s.stanumbers2[1] WHEN s.stakind3 THEN s.stanumbers3[1] END,
  NULL::text, NULL::real[], NULL::real[]
FROM pg_catalog.pg_statistic s
JOIN pg_catalog.pg_class c ON c.oid = s.starelid
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = s.staattnum
LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE NOT a.attisdropped AND has_column_privilege(c.oid, a.attnum, 'SELECT');

-- the server

CREATE VIEW pg_settings (name text, setting text, unit text, category text, short_desc text, extra_desc text, context text,
  vartype text, source text, min_val text, max_val text, enumvals text[], boot_val text, reset_val text,
  sourcefile text, sourceline int4, pending_restart bool) AS
SELECT s.* FROM pg_catalog.pg_show_all_settings() s;

CREATE VIEW pg_file_settings (sourcefile text, sourceline int4, seqno int4, name text, setting text, applied bool, error text) AS
SELECT s.* FROM pg_catalog.pg_show_all_file_settings() s;

CREATE VIEW pg_hba_file_rules (line_number int4, type text, database text[], user_name text[], address text, netmask text, auth_method text,
  options text[], error text) AS
EMPTY;

CREATE VIEW pg_locks (locktype text, database oid, relation oid, page int4, tuple int2, virtualxid text, transactionid xid,
  classid oid, objid oid, objsubid int2, virtualtransaction text, pid int4, mode text, granted bool,
  fastpath bool, waitstart timestamptz) AS
SELECT l.* FROM pg_catalog.pg_lock_status() l;

CREATE VIEW pg_cursors (name text, statement text, is_holdable bool, is_binary bool, is_scrollable bool, creation_time timestamptz) AS
SELECT c.* FROM pg_catalog.pg_cursor() c;

CREATE VIEW pg_prepared_statements (name text, statement text, prepare_time timestamptz, parameter_types regtype[], from_sql bool,
  generic_plans int8, custom_plans int8) AS
SELECT p.* FROM pg_catalog.pg_prepared_statement() p;

CREATE VIEW pg_prepared_xacts (transaction xid, gid text, prepared timestamptz, owner name, database name) AS
SELECT p.transaction, p.gid, p.prepared, a.rolname, d.datname
FROM pg_catalog.pg_prepared_xact() p
LEFT JOIN pg_catalog.pg_authid a ON a.oid = p.ownerid
LEFT JOIN pg_catalog.pg_database d ON d.oid = p.dbid;

CREATE VIEW pg_timezone_names (name text, abbrev text, utc_offset interval, is_dst bool) AS
SELECT z.* FROM pg_catalog.pg_timezone_names() z;

CREATE VIEW pg_timezone_abbrevs (abbrev text, utc_offset interval, is_dst bool) AS
SELECT z.* FROM pg_catalog.pg_timezone_abbrevs() z;

CREATE VIEW pg_available_extensions (name name, default_version text, installed_version text, comment text) AS
SELECT e.name, e.default_version, x.extversion, e.comment
FROM pg_catalog.pg_available_extensions() e LEFT JOIN pg_catalog.pg_extension x ON x.extname = e.name;

CREATE VIEW pg_available_extension_versions (name name, version text, installed bool, superuser bool, trusted bool, relocatable bool, schema name,
  requires name[], comment text) AS
SELECT e.name, e.version, x.extname IS NOT NULL, e.superuser, e.trusted, e.relocatable, e.schema, e.requires, e.comment
FROM pg_catalog.pg_available_extension_versions() e
LEFT JOIN pg_catalog.pg_extension x ON x.extname = e.name AND x.extversion = e.version;

-- activity and counters

CREATE VIEW pg_stat_activity (datid oid, datname name, pid int4, leader_pid int4, usesysid oid, usename name, application_name text,
  client_addr text, client_hostname text, client_port int4, backend_start timestamptz, xact_start timestamptz,
  query_start timestamptz, state_change timestamptz, wait_event_type text, wait_event text, state text,
  backend_xid xid, backend_xmin xid, query_id int8, query text, backend_type text) AS
SELECT s.datid, d.datname, s.pid, s.leader_pid, s.usesysid, a.rolname, s.application_name, s.client_addr, s.client_hostname,
  s.client_port, s.backend_start, s.xact_start, s.query_start, s.state_change, s.wait_event_type, s.wait_event, s.state,
  s.backend_xid, s.backend_xmin, s.query_id, s.query, s.backend_type
FROM pg_catalog.pg_stat_get_activity(NULL) s
LEFT JOIN pg_catalog.pg_database d ON d.oid = s.datid
LEFT JOIN pg_catalog.pg_authid a ON a.oid = s.usesysid;

CREATE VIEW pg_stat_ssl (pid int4, ssl bool, version text, cipher text, bits int4, client_dn text, client_serial numeric,
  issuer_dn text) AS
SELECT s.pid, s.ssl, s.sslversion, s.sslcipher, s.sslbits, s.ssl_client_dn, s.ssl_client_serial, s.ssl_issuer_dn
FROM pg_catalog.pg_stat_get_activity(NULL) s WHERE s.client_port IS NOT NULL;

CREATE VIEW pg_stat_gssapi (pid int4, gss_authenticated bool, principal text, encrypted bool) AS
SELECT s.pid, s.gss_auth, s.gss_princ, s.gss_enc
FROM pg_catalog.pg_stat_get_activity(NULL) s WHERE s.client_port IS NOT NULL;

CREATE VIEW pg_stat_replication (pid int4, usesysid oid, usename name, application_name text, client_addr text, client_hostname text,
  client_port int4, backend_start timestamptz, backend_xmin xid, state text, sent_lsn pg_lsn, write_lsn pg_lsn,
  flush_lsn pg_lsn, replay_lsn pg_lsn, write_lag interval, flush_lag interval, replay_lag interval,
  sync_priority int4, sync_state text, reply_time timestamptz) AS
EMPTY;

CREATE VIEW pg_replication_slots (slot_name name, plugin name, slot_type text, datoid oid, database name, temporary bool, active bool,
  active_pid int4, xmin xid, catalog_xmin xid, restart_lsn pg_lsn, confirmed_flush_lsn pg_lsn, wal_status text,
  safe_wal_size int8, two_phase bool) AS
EMPTY;

CREATE VIEW pg_stat_archiver (archived_count int8, last_archived_wal text, last_archived_time timestamptz, failed_count int8,
  last_failed_wal text, last_failed_time timestamptz, stats_reset timestamptz) AS
SELECT 0::bigint, NULL::text, NULL::timestamptz, 0::bigint, NULL::text, NULL::timestamptz, NULL::timestamptz;

CREATE VIEW pg_stat_bgwriter (checkpoints_timed int8, checkpoints_req int8, checkpoint_write_time float8, checkpoint_sync_time float8,
  buffers_checkpoint int8, buffers_clean int8, maxwritten_clean int8, buffers_backend int8,
  buffers_backend_fsync int8, buffers_alloc int8, stats_reset timestamptz) AS
SELECT 0::bigint, 0::bigint, 0::double precision, 0::double precision, 0::bigint, 0::bigint, 0::bigint, 0::bigint, 0::bigint,
  0::bigint, NULL::timestamptz;

CREATE VIEW pg_stat_database (datid oid, datname name, numbackends int4, xact_commit int8, xact_rollback int8, blks_read int8,
  blks_hit int8, tup_returned int8, tup_fetched int8, tup_inserted int8, tup_updated int8, tup_deleted int8,
  conflicts int8, temp_files int8, temp_bytes int8, deadlocks int8, checksum_failures int8,
  checksum_last_failure timestamptz, blk_read_time float8, blk_write_time float8, session_time float8,
  active_time float8, idle_in_transaction_time float8, sessions int8, sessions_abandoned int8,
  sessions_fatal int8, sessions_killed int8, stats_reset timestamptz) AS
SELECT d.oid, d.datname, pg_stat_get_db_numbackends(d.oid), pg_stat_get_db_xact_commit(d.oid),
  pg_stat_get_db_xact_rollback(d.oid), pg_stat_get_db_blocks_fetched(d.oid) - pg_stat_get_db_blocks_hit(d.oid),
  pg_stat_get_db_blocks_hit(d.oid), pg_stat_get_db_tuples_returned(d.oid), pg_stat_get_db_tuples_fetched(d.oid),
  pg_stat_get_db_tuples_inserted(d.oid), pg_stat_get_db_tuples_updated(d.oid), pg_stat_get_db_tuples_deleted(d.oid),
  pg_stat_get_db_conflict_all(d.oid), pg_stat_get_db_temp_files(d.oid), pg_stat_get_db_temp_bytes(d.oid),
  pg_stat_get_db_deadlocks(d.oid), NULL::bigint, NULL::timestamptz, 0::double precision, 0::double precision,
  0::double precision, 0::double precision, 0::double precision, pg_stat_get_db_sessions(d.oid),
  pg_stat_get_db_sessions_abandoned(d.oid), pg_stat_get_db_sessions_fatal(d.oid), pg_stat_get_db_sessions_killed(d.oid),
  pg_stat_get_db_stat_reset_time(d.oid)
FROM pg_catalog.pg_database d;

CREATE VIEW pg_stat_all_tables (relid oid, schemaname name, relname name, seq_scan int8, seq_tup_read int8, idx_scan int8,
  idx_tup_fetch int8, n_tup_ins int8, n_tup_upd int8, n_tup_del int8, n_tup_hot_upd int8, n_live_tup int8,
  n_dead_tup int8, n_mod_since_analyze int8, n_ins_since_vacuum int8, last_vacuum timestamptz,
  last_autovacuum timestamptz, last_analyze timestamptz, last_autoanalyze timestamptz, vacuum_count int8,
  autovacuum_count int8, analyze_count int8, autoanalyze_count int8) AS
SELECT c.oid, n.nspname, c.relname, pg_stat_get_numscans(c.oid), pg_stat_get_tuples_returned(c.oid),
  (SELECT sum(pg_stat_get_numscans(i.indexrelid))::bigint FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid),
  (SELECT sum(pg_stat_get_tuples_fetched(i.indexrelid))::bigint FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid),
  pg_stat_get_tuples_inserted(c.oid), pg_stat_get_tuples_updated(c.oid), pg_stat_get_tuples_deleted(c.oid),
  pg_stat_get_tuples_hot_updated(c.oid), pg_stat_get_live_tuples(c.oid), pg_stat_get_dead_tuples(c.oid),
  pg_stat_get_mod_since_analyze(c.oid), pg_stat_get_ins_since_vacuum(c.oid), pg_stat_get_last_vacuum_time(c.oid),
  pg_stat_get_last_autovacuum_time(c.oid), pg_stat_get_last_analyze_time(c.oid), pg_stat_get_last_autoanalyze_time(c.oid),
  pg_stat_get_vacuum_count(c.oid), pg_stat_get_autovacuum_count(c.oid), pg_stat_get_analyze_count(c.oid),
  pg_stat_get_autoanalyze_count(c.oid)
FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 't', 'm', 'p');

CREATE VIEW pg_stat_all_indexes (relid oid, indexrelid oid, schemaname name, relname name, indexrelname name, idx_scan int8,
  idx_tup_read int8, idx_tup_fetch int8) AS
SELECT c.oid, i.oid, n.nspname, c.relname, i.relname, pg_stat_get_numscans(i.oid), pg_stat_get_tuples_returned(i.oid),
  pg_stat_get_tuples_fetched(i.oid)
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_index x ON x.indrelid = c.oid
JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid
LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 't', 'm');

CREATE VIEW pg_statio_all_tables (relid oid, schemaname name, relname name, heap_blks_read int8, heap_blks_hit int8, idx_blks_read int8,
  idx_blks_hit int8, toast_blks_read int8, toast_blks_hit int8, tidx_blks_read int8, tidx_blks_hit int8) AS
SELECT c.oid, n.nspname, c.relname, pg_stat_get_blocks_fetched(c.oid) - pg_stat_get_blocks_hit(c.oid),
  pg_stat_get_blocks_hit(c.oid), NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint
FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 't', 'm');

CREATE VIEW pg_statio_all_indexes (relid oid, indexrelid oid, schemaname name, relname name, indexrelname name, idx_blks_read int8,
  idx_blks_hit int8) AS
SELECT c.oid, i.oid, n.nspname, c.relname, i.relname, pg_stat_get_blocks_fetched(i.oid) - pg_stat_get_blocks_hit(i.oid),
  pg_stat_get_blocks_hit(i.oid)
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_index x ON x.indrelid = c.oid
JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid
LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 't', 'm');

CREATE VIEW pg_stat_xact_all_tables (relid oid, schemaname name, relname name, seq_scan int8, seq_tup_read int8, idx_scan int8,
  idx_tup_fetch int8, n_tup_ins int8, n_tup_upd int8, n_tup_del int8, n_tup_hot_upd int8) AS
SELECT c.oid, n.nspname, c.relname, 0::bigint, 0::bigint, 0::bigint, 0::bigint, 0::bigint, 0::bigint, 0::bigint, 0::bigint
FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 't', 'm', 'p');

CREATE VIEW pg_stat_user_functions (funcid oid, schemaname name, funcname name, calls int8, total_time float8, self_time float8) AS
EMPTY;

CREATE VIEW pg_stat_user_tables (relid oid, schemaname name, relname name, seq_scan int8, seq_tup_read int8, idx_scan int8,
  idx_tup_fetch int8, n_tup_ins int8, n_tup_upd int8, n_tup_del int8, n_tup_hot_upd int8, n_live_tup int8,
  n_dead_tup int8, n_mod_since_analyze int8, n_ins_since_vacuum int8, last_vacuum timestamptz,
  last_autovacuum timestamptz, last_analyze timestamptz, last_autoanalyze timestamptz, vacuum_count int8,
  autovacuum_count int8, analyze_count int8, autoanalyze_count int8) AS
SELECT s.* FROM pg_catalog.pg_stat_all_tables s WHERE s.schemaname NOT IN ('pg_catalog', 'information_schema') AND s.schemaname NOT LIKE 'pg_toast%';

CREATE VIEW pg_stat_sys_tables (relid oid, schemaname name, relname name, seq_scan int8, seq_tup_read int8, idx_scan int8,
  idx_tup_fetch int8, n_tup_ins int8, n_tup_upd int8, n_tup_del int8, n_tup_hot_upd int8, n_live_tup int8,
  n_dead_tup int8, n_mod_since_analyze int8, n_ins_since_vacuum int8, last_vacuum timestamptz,
  last_autovacuum timestamptz, last_analyze timestamptz, last_autoanalyze timestamptz, vacuum_count int8,
  autovacuum_count int8, analyze_count int8, autoanalyze_count int8) AS
SELECT s.* FROM pg_catalog.pg_stat_all_tables s WHERE s.schemaname IN ('pg_catalog', 'information_schema') OR s.schemaname LIKE 'pg_toast%';

CREATE VIEW pg_stat_user_indexes (relid oid, indexrelid oid, schemaname name, relname name, indexrelname name, idx_scan int8,
  idx_tup_read int8, idx_tup_fetch int8) AS
SELECT s.* FROM pg_catalog.pg_stat_all_indexes s WHERE s.schemaname NOT IN ('pg_catalog', 'information_schema') AND s.schemaname NOT LIKE 'pg_toast%';

CREATE VIEW pg_stat_sys_indexes (relid oid, indexrelid oid, schemaname name, relname name, indexrelname name, idx_scan int8,
  idx_tup_read int8, idx_tup_fetch int8) AS
SELECT s.* FROM pg_catalog.pg_stat_all_indexes s WHERE s.schemaname IN ('pg_catalog', 'information_schema') OR s.schemaname LIKE 'pg_toast%';

CREATE VIEW pg_statio_user_tables (relid oid, schemaname name, relname name, heap_blks_read int8, heap_blks_hit int8, idx_blks_read int8,
  idx_blks_hit int8, toast_blks_read int8, toast_blks_hit int8, tidx_blks_read int8, tidx_blks_hit int8) AS
SELECT s.* FROM pg_catalog.pg_statio_all_tables s WHERE s.schemaname NOT IN ('pg_catalog', 'information_schema') AND s.schemaname NOT LIKE 'pg_toast%';

CREATE VIEW pg_statio_sys_tables (relid oid, schemaname name, relname name, heap_blks_read int8, heap_blks_hit int8, idx_blks_read int8,
  idx_blks_hit int8, toast_blks_read int8, toast_blks_hit int8, tidx_blks_read int8, tidx_blks_hit int8) AS
SELECT s.* FROM pg_catalog.pg_statio_all_tables s WHERE s.schemaname IN ('pg_catalog', 'information_schema') OR s.schemaname LIKE 'pg_toast%';

CREATE VIEW pg_statio_user_indexes (relid oid, indexrelid oid, schemaname name, relname name, indexrelname name, idx_blks_read int8,
  idx_blks_hit int8) AS
SELECT s.* FROM pg_catalog.pg_statio_all_indexes s WHERE s.schemaname NOT IN ('pg_catalog', 'information_schema') AND s.schemaname NOT LIKE 'pg_toast%';

CREATE VIEW pg_statio_sys_indexes (relid oid, indexrelid oid, schemaname name, relname name, indexrelname name, idx_blks_read int8,
  idx_blks_hit int8) AS
SELECT s.* FROM pg_catalog.pg_statio_all_indexes s WHERE s.schemaname IN ('pg_catalog', 'information_schema') OR s.schemaname LIKE 'pg_toast%';

CREATE VIEW pg_stat_xact_user_tables (relid oid, schemaname name, relname name, seq_scan int8, seq_tup_read int8, idx_scan int8,
  idx_tup_fetch int8, n_tup_ins int8, n_tup_upd int8, n_tup_del int8, n_tup_hot_upd int8) AS
SELECT s.* FROM pg_catalog.pg_stat_xact_all_tables s WHERE s.schemaname NOT IN ('pg_catalog', 'information_schema') AND s.schemaname NOT LIKE 'pg_toast%';

CREATE VIEW pg_stat_xact_sys_tables (relid oid, schemaname name, relname name, seq_scan int8, seq_tup_read int8, idx_scan int8,
  idx_tup_fetch int8, n_tup_ins int8, n_tup_upd int8, n_tup_del int8, n_tup_hot_upd int8) AS
SELECT s.* FROM pg_catalog.pg_stat_xact_all_tables s WHERE s.schemaname IN ('pg_catalog', 'information_schema') OR s.schemaname LIKE 'pg_toast%';

-- information_schema

CREATE VIEW information_schema.information_schema_catalog_name (catalog_name name) AS
SELECT current_database();

CREATE VIEW information_schema.enabled_roles (role_name name) AS
SELECT a.rolname FROM pg_catalog.pg_authid a WHERE pg_has_role(a.oid, 'USAGE');

CREATE VIEW information_schema.applicable_roles (grantee name, role_name name, is_grantable varchar(3)) AS
SELECT a.rolname, b.rolname, CASE WHEN m.admin_option THEN 'YES' ELSE 'NO' END::varchar(3)
FROM pg_catalog.pg_auth_members m
JOIN pg_catalog.pg_authid a ON a.oid = m.member
JOIN pg_catalog.pg_authid b ON b.oid = m.roleid
WHERE pg_has_role(a.oid, 'USAGE');

CREATE VIEW information_schema.schemata (catalog_name name, schema_name name, schema_owner name, default_character_set_catalog name,
  default_character_set_schema name, default_character_set_name name, sql_path varchar) AS
SELECT current_database(), n.nspname, u.rolname, NULL::name, NULL::name, NULL::name, NULL::varchar
FROM pg_catalog.pg_namespace n JOIN pg_catalog.pg_authid u ON u.oid = n.nspowner
WHERE pg_has_role(n.nspowner, 'USAGE') OR has_schema_privilege(n.oid, 'CREATE, USAGE');

CREATE VIEW information_schema.tables (table_catalog name, table_schema name, table_name name, table_type varchar,
  self_referencing_column_name name, reference_generation varchar, user_defined_type_catalog name,
  user_defined_type_schema name, user_defined_type_name name, is_insertable_into varchar(3),
  is_typed varchar(3), commit_action varchar) AS
SELECT current_database(), n.nspname, c.relname,
  CASE WHEN n.nspname LIKE 'pg_temp%' THEN 'LOCAL TEMPORARY' WHEN c.relkind IN ('r', 'p') THEN 'BASE TABLE'
    WHEN c.relkind = 'v' THEN 'VIEW' WHEN c.relkind = 'f' THEN 'FOREIGN' END::varchar,
  NULL::name, NULL::varchar, NULL::name, NULL::name, NULL::name,
  CASE WHEN c.relkind IN ('r', 'p') OR (c.relkind IN ('v', 'f') AND pg_relation_is_updatable(c.oid::regclass, false) & 8 = 8)
    THEN 'YES' ELSE 'NO' END::varchar(3),
  'NO'::varchar(3), NULL::varchar
FROM pg_catalog.pg_namespace n JOIN pg_catalog.pg_class c ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'v', 'f', 'p') AND (pg_has_role(c.relowner, 'USAGE') OR has_table_privilege(c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER') OR has_any_column_privilege(c.oid, 'SELECT, INSERT, UPDATE, REFERENCES'));

CREATE VIEW information_schema.views (table_catalog name, table_schema name, table_name name, view_definition varchar, check_option varchar,
  is_updatable varchar(3), is_insertable_into varchar(3), is_trigger_updatable varchar(3),
  is_trigger_deletable varchar(3), is_trigger_insertable_into varchar(3)) AS
SELECT current_database(), n.nspname, c.relname,
  CASE WHEN pg_has_role(c.relowner, 'USAGE') THEN pg_get_viewdef(c.oid) END::varchar, 'NONE'::varchar,
  'NO'::varchar(3), 'NO'::varchar(3), 'NO'::varchar(3), 'NO'::varchar(3), 'NO'::varchar(3)
FROM pg_catalog.pg_namespace n JOIN pg_catalog.pg_class c ON n.oid = c.relnamespace
WHERE c.relkind = 'v' AND (pg_has_role(c.relowner, 'USAGE') OR has_table_privilege(c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER') OR has_any_column_privilege(c.oid, 'SELECT, INSERT, UPDATE, REFERENCES'));

CREATE VIEW information_schema.columns (table_catalog name, table_schema name, table_name name, column_name name, ordinal_position int4,
  column_default varchar, is_nullable varchar(3), data_type varchar, character_maximum_length int4,
  character_octet_length int4, numeric_precision int4, numeric_precision_radix int4, numeric_scale int4,
  datetime_precision int4, interval_type varchar, interval_precision int4, character_set_catalog name,
  character_set_schema name, character_set_name name, collation_catalog name, collation_schema name,
  collation_name name, domain_catalog name, domain_schema name, domain_name name, udt_catalog name,
  udt_schema name, udt_name name, scope_catalog name, scope_schema name, scope_name name,
  maximum_cardinality int4, dtd_identifier name, is_self_referencing varchar(3), is_identity varchar(3),
  identity_generation varchar, identity_start varchar, identity_increment varchar, identity_maximum varchar,
  identity_minimum varchar, identity_cycle varchar(3), is_generated varchar, generation_expression varchar,
  is_updatable varchar(3)) AS
SELECT current_database(), n.nspname, c.relname, a.attname, a.attnum::int4,
  CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END::varchar,
  CASE WHEN a.attnotnull THEN 'NO' ELSE 'YES' END::varchar(3),
  CASE WHEN t.typelem <> 0 AND t.typlen = -1 THEN 'ARRAY' WHEN tn.nspname = 'pg_catalog' THEN format_type(a.atttypid, NULL)
    ELSE 'USER-DEFINED' END::varchar,
  CASE WHEN a.atttypid IN (1042, 1043) AND a.atttypmod > 0 THEN a.atttypmod - 4
    WHEN a.atttypid IN (1560, 1562) AND a.atttypmod > 0 THEN a.atttypmod END,
  CASE WHEN a.atttypid IN (25, 1042, 1043) THEN
    CASE WHEN a.atttypid <> 25 AND a.atttypmod > 0 THEN LEAST((a.atttypmod - 4)::bigint * 4, 1073741824)::int4
    ELSE 1073741824 END END,
  CASE a.atttypid WHEN 21 THEN 16 WHEN 23 THEN 32 WHEN 20 THEN 64 WHEN 700 THEN 24 WHEN 701 THEN 53
    WHEN 1700 THEN CASE WHEN a.atttypmod > 0 THEN ((a.atttypmod - 4) >> 16) & 65535 END END,
  CASE WHEN a.atttypid IN (21, 20, 23, 700, 701) THEN 2 WHEN a.atttypid = 1700 THEN 10 END,
  CASE WHEN a.atttypid IN (21, 20, 23) THEN 0
    WHEN a.atttypid = 1700 AND a.atttypmod > 0 THEN (a.atttypmod - 4) & 65535 END,
  CASE WHEN a.atttypid = 1082 THEN 0
    WHEN a.atttypid IN (1083, 1114, 1184, 1266) THEN CASE WHEN a.atttypmod < 0 THEN 6 ELSE a.atttypmod END
    WHEN a.atttypid = 1186 THEN
      CASE WHEN a.atttypmod < 0 OR a.atttypmod & 65535 = 65535 THEN 6 ELSE a.atttypmod & 65535 END END,
  CASE WHEN a.atttypid = 1186 THEN upper(substring(format_type(a.atttypid, a.atttypmod) from 'interval ([a-z ]+)')) END::varchar,
  NULL::int4, NULL::name, NULL::name, NULL::name,
  CASE WHEN co.collname IS NOT NULL THEN current_database() END, cn.nspname, co.collname,
  NULL::name, NULL::name, NULL::name,
  current_database(), tn.nspname, t.typname, NULL::name, NULL::name, NULL::name, NULL::int4, a.attnum::text::name,
  'NO'::varchar(3), CASE WHEN a.attidentity IN ('a', 'd') THEN 'YES' ELSE 'NO' END::varchar(3),
  CASE a.attidentity WHEN 'a' THEN 'ALWAYS' WHEN 'd' THEN 'BY DEFAULT' END::varchar,
  s.seqstart::text::varchar, s.seqincrement::text::varchar, s.seqmax::text::varchar, s.seqmin::text::varchar,
  CASE WHEN s.seqcycle THEN 'YES' ELSE 'NO' END::varchar(3),
  CASE WHEN a.attgenerated <> '' THEN 'ALWAYS' ELSE 'NEVER' END::varchar,
  CASE WHEN a.attgenerated <> '' THEN pg_get_expr(d.adbin, d.adrelid) END::varchar,
  CASE WHEN c.relkind IN ('r', 'p') THEN 'YES' ELSE 'NO' END::varchar(3)
FROM pg_catalog.pg_attribute a
LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
JOIN pg_catalog.pg_namespace tn ON tn.oid = t.typnamespace
LEFT JOIN pg_catalog.pg_collation co ON co.oid = a.attcollation AND co.collname <> 'default'
LEFT JOIN pg_catalog.pg_namespace cn ON cn.oid = co.collnamespace
LEFT JOIN pg_catalog.pg_depend e ON e.classid = 1259 AND e.refclassid = 1259 AND e.refobjid = c.oid
  AND e.refobjsubid = a.attnum AND e.deptype = 'i'
LEFT JOIN pg_catalog.pg_sequence s ON s.seqrelid = e.objid
WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'v', 'f', 'p')
  AND (pg_has_role(c.relowner, 'USAGE') OR has_column_privilege(c.oid, a.attnum, 'SELECT, INSERT, UPDATE, REFERENCES'));

CREATE VIEW information_schema.table_constraints (constraint_catalog name, constraint_schema name, constraint_name name, table_catalog name, table_schema name,
  table_name name, constraint_type varchar, is_deferrable varchar(3), initially_deferred varchar(3),
  enforced varchar(3), nulls_distinct varchar(3)) AS
SELECT current_database(), n.nspname, k.conname, current_database(), r.nspname, c.relname,
  CASE k.contype WHEN 'c' THEN 'CHECK' WHEN 'f' THEN 'FOREIGN KEY' WHEN 'p' THEN 'PRIMARY KEY' WHEN 'u' THEN 'UNIQUE' END::varchar,
  CASE WHEN k.condeferrable THEN 'YES' ELSE 'NO' END::varchar(3), CASE WHEN k.condeferred THEN 'YES' ELSE 'NO' END::varchar(3),
  'YES'::varchar(3),
  CASE WHEN k.contype = 'u' THEN (SELECT CASE WHEN x.indnullsnotdistinct THEN 'NO' ELSE 'YES' END
    FROM pg_catalog.pg_index x WHERE x.indexrelid = k.conindid) END::varchar(3)
FROM pg_catalog.pg_constraint k
JOIN pg_catalog.pg_namespace n ON n.oid = k.connamespace
JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
JOIN pg_catalog.pg_namespace r ON r.oid = c.relnamespace
WHERE k.contype NOT IN ('t', 'x') AND c.relkind IN ('r', 'p')
  AND (pg_has_role(c.relowner, 'USAGE') OR has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
    OR has_any_column_privilege(c.oid, 'INSERT, UPDATE, REFERENCES'))
UNION ALL
SELECT current_database(), n.nspname, (n.oid::text || '_' || c.oid::text || '_' || a.attnum::text || '_not_null')::name,
  current_database(), n.nspname, c.relname, 'CHECK'::varchar, 'NO'::varchar(3), 'NO'::varchar(3), 'YES'::varchar(3), NULL::varchar(3)
FROM pg_catalog.pg_attribute a
JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE a.attnotnull AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p')
  AND (pg_has_role(c.relowner, 'USAGE') OR has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
    OR has_any_column_privilege(c.oid, 'INSERT, UPDATE, REFERENCES'));

CREATE VIEW information_schema.check_constraints (constraint_catalog name, constraint_schema name, constraint_name name, check_clause varchar) AS
SELECT current_database(), n.nspname, k.conname, substring(pg_get_constraintdef(k.oid) from 7)::varchar
FROM pg_catalog.pg_constraint k
JOIN pg_catalog.pg_namespace n ON n.oid = k.connamespace
JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
WHERE k.contype = 'c' AND pg_has_role(c.relowner, 'USAGE')
UNION
SELECT current_database(), n.nspname, (n.oid::text || '_' || c.oid::text || '_' || a.attnum::text || '_not_null')::name,
  (a.attname::text || ' IS NOT NULL')::varchar
FROM pg_catalog.pg_attribute a
JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE a.attnotnull AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p') AND pg_has_role(c.relowner, 'USAGE');

CREATE VIEW information_schema.key_column_usage (constraint_catalog name, constraint_schema name, constraint_name name, table_catalog name, table_schema name,
  table_name name, column_name name, ordinal_position int4, position_in_unique_constraint int4) AS
SELECT current_database(), n.nspname, k.conname, current_database(), r.nspname, c.relname, a.attname, p.place::int4,
  CASE WHEN k.contype = 'f' THEN array_position(u.conkey, k.confkey[p.place]) END
FROM pg_catalog.pg_constraint k
JOIN pg_catalog.pg_namespace n ON n.oid = k.connamespace
JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
JOIN pg_catalog.pg_namespace r ON r.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_constraint u ON k.contype = 'f' AND u.conindid = k.conindid AND u.contype IN ('p', 'u')
CROSS JOIN LATERAL generate_series(1, array_length(k.conkey, 1)) AS p(place)
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.conkey[p.place]
WHERE k.contype IN ('p', 'u', 'f') AND NOT a.attisdropped AND c.relkind IN ('r', 'p')
  AND (pg_has_role(c.relowner, 'USAGE') OR has_column_privilege(c.oid, a.attnum, 'SELECT, INSERT, UPDATE, REFERENCES'));

CREATE VIEW information_schema.constraint_column_usage (table_catalog name, table_schema name, table_name name, column_name name, constraint_catalog name,
  constraint_schema name, constraint_name name) AS
SELECT current_database(), r.nspname, c.relname, a.attname, current_database(), n.nspname, k.conname
FROM pg_catalog.pg_constraint k
JOIN pg_catalog.pg_namespace n ON n.oid = k.connamespace
JOIN pg_catalog.pg_class c ON c.oid = CASE WHEN k.contype = 'f' THEN k.confrelid ELSE k.conrelid END
JOIN pg_catalog.pg_namespace r ON r.oid = c.relnamespace
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
  AND a.attnum = ANY (CASE WHEN k.contype = 'f' THEN k.confkey ELSE k.conkey END)
WHERE k.contype IN ('c', 'p', 'u', 'f') AND NOT a.attisdropped AND c.relkind IN ('r', 'p') AND pg_has_role(c.relowner, 'USAGE');

CREATE VIEW information_schema.constraint_table_usage (table_catalog name, table_schema name, table_name name, constraint_catalog name, constraint_schema name,
  constraint_name name) AS
SELECT current_database(), r.nspname, c.relname, current_database(), n.nspname, k.conname
FROM pg_catalog.pg_constraint k
JOIN pg_catalog.pg_namespace n ON n.oid = k.connamespace
JOIN pg_catalog.pg_class c ON c.oid = CASE WHEN k.contype = 'f' THEN k.confrelid ELSE k.conrelid END
JOIN pg_catalog.pg_namespace r ON r.oid = c.relnamespace
WHERE k.contype IN ('p', 'u', 'f') AND c.relkind IN ('r', 'p') AND pg_has_role(c.relowner, 'USAGE');

CREATE VIEW information_schema.referential_constraints (constraint_catalog name, constraint_schema name, constraint_name name, unique_constraint_catalog name,
  unique_constraint_schema name, unique_constraint_name name, match_option varchar, update_rule varchar,
  delete_rule varchar) AS
SELECT current_database(), n.nspname, k.conname, CASE WHEN u.oid IS NOT NULL THEN current_database() END, un.nspname, u.conname,
  CASE k.confmatchtype WHEN 'f' THEN 'FULL' WHEN 'p' THEN 'PARTIAL' WHEN 's' THEN 'NONE' END::varchar,
  CASE k.confupdtype WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' WHEN 'd' THEN 'SET DEFAULT' WHEN 'r' THEN 'RESTRICT'
    WHEN 'a' THEN 'NO ACTION' END::varchar,
  CASE k.confdeltype WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' WHEN 'd' THEN 'SET DEFAULT' WHEN 'r' THEN 'RESTRICT'
    WHEN 'a' THEN 'NO ACTION' END::varchar
FROM pg_catalog.pg_constraint k
JOIN pg_catalog.pg_namespace n ON n.oid = k.connamespace
JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
LEFT JOIN pg_catalog.pg_constraint u ON u.conindid = k.conindid AND u.contype IN ('p', 'u') AND u.conrelid = k.confrelid
LEFT JOIN pg_catalog.pg_namespace un ON un.oid = u.connamespace
WHERE k.contype = 'f'
  AND (pg_has_role(c.relowner, 'USAGE') OR has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
    OR has_any_column_privilege(c.oid, 'INSERT, UPDATE, REFERENCES'));

CREATE VIEW information_schema.sequences (sequence_catalog name, sequence_schema name, sequence_name name, data_type varchar, numeric_precision int4,
  numeric_precision_radix int4, numeric_scale int4, start_value varchar, minimum_value varchar,
  maximum_value varchar, increment varchar, cycle_option varchar(3)) AS
SELECT current_database(), n.nspname, c.relname, format_type(s.seqtypid, NULL)::varchar,
  CASE s.seqtypid WHEN 21 THEN 16 WHEN 23 THEN 32 WHEN 20 THEN 64 END, 2, 0,
  s.seqstart::text::varchar, s.seqmin::text::varchar, s.seqmax::text::varchar, s.seqincrement::text::varchar,
  CASE WHEN s.seqcycle THEN 'YES' ELSE 'NO' END::varchar(3)
FROM pg_catalog.pg_sequence s
JOIN pg_catalog.pg_class c ON c.oid = s.seqrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend e WHERE e.classid = 1259 AND e.objid = c.oid AND e.deptype = 'i')
  AND (pg_has_role(c.relowner, 'USAGE') OR has_sequence_privilege(c.oid, 'SELECT, UPDATE, USAGE'));

CREATE VIEW information_schema.table_privileges (grantor name, grantee name, table_catalog name, table_schema name, table_name name, privilege_type varchar,
  is_grantable varchar(3), with_hierarchy varchar(3)) AS
SELECT g.rolname, CASE WHEN x.grantee = 0 THEN 'PUBLIC'::name ELSE t.rolname END, current_database(), n.nspname, c.relname,
  x.privilege_type::varchar,
  CASE WHEN x.is_grantable OR x.grantee = c.relowner THEN 'YES' ELSE 'NO' END::varchar(3),
  CASE WHEN x.privilege_type = 'SELECT' THEN 'YES' ELSE 'NO' END::varchar(3)
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN LATERAL aclexplode(COALESCE(c.relacl, acldefault('r', c.relowner))) x
JOIN pg_catalog.pg_authid g ON g.oid = x.grantor
LEFT JOIN pg_catalog.pg_authid t ON t.oid = x.grantee
WHERE c.relkind IN ('r', 'v', 'f', 'p')
  AND (pg_has_role(x.grantor, 'USAGE') OR x.grantee = 0 OR pg_has_role(x.grantee, 'USAGE'));

CREATE VIEW information_schema.role_table_grants (grantor name, grantee name, table_catalog name, table_schema name, table_name name, privilege_type varchar,
  is_grantable varchar(3), with_hierarchy varchar(3)) AS
SELECT p.grantor, p.grantee, p.table_catalog, p.table_schema, p.table_name, p.privilege_type, p.is_grantable, p.with_hierarchy
FROM information_schema.table_privileges p
WHERE p.grantor IN (SELECT e.role_name FROM information_schema.enabled_roles e)
  OR p.grantee IN (SELECT e.role_name FROM information_schema.enabled_roles e);

CREATE VIEW information_schema.column_privileges (grantor name, grantee name, table_catalog name, table_schema name, table_name name, column_name name,
  privilege_type varchar, is_grantable varchar(3)) AS
SELECT g.rolname, CASE WHEN x.grantee = 0 THEN 'PUBLIC'::name ELSE t.rolname END, current_database(), n.nspname, c.relname,
  a.attname, x.privilege_type::varchar,
  CASE WHEN x.is_grantable OR x.grantee = c.relowner THEN 'YES' ELSE 'NO' END::varchar(3)
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
CROSS JOIN LATERAL aclexplode(COALESCE(c.relacl, acldefault('r', c.relowner))) x
JOIN pg_catalog.pg_authid g ON g.oid = x.grantor
LEFT JOIN pg_catalog.pg_authid t ON t.oid = x.grantee
WHERE c.relkind IN ('r', 'v', 'f', 'p') AND x.privilege_type IN ('INSERT', 'SELECT', 'UPDATE', 'REFERENCES')
  AND (pg_has_role(x.grantor, 'USAGE') OR x.grantee = 0 OR pg_has_role(x.grantee, 'USAGE'));

CREATE VIEW information_schema.character_sets (character_set_catalog name, character_set_schema name, character_set_name name, character_repertoire name,
  form_of_use name, default_collate_catalog name, default_collate_schema name, default_collate_name name) AS
SELECT NULL::name, NULL::name, 'UTF8'::name, 'UCS'::name, 'UTF8'::name, current_database(), NULL::name, NULL::name;

CREATE VIEW information_schema.collations (collation_catalog name, collation_schema name, collation_name name, pad_attribute varchar) AS
SELECT current_database(), n.nspname, c.collname, 'NO PAD'::varchar
FROM pg_catalog.pg_collation c JOIN pg_catalog.pg_namespace n ON n.oid = c.collnamespace
WHERE c.collencoding IN (-1, 6);

CREATE VIEW information_schema.view_table_usage (view_catalog name, view_schema name, view_name name, table_catalog name, table_schema name, table_name name) AS
SELECT DISTINCT current_database(), vn.nspname, v.relname, current_database(), tn.nspname, t.relname
FROM pg_catalog.pg_depend d
JOIN pg_catalog.pg_rewrite r ON r.oid = d.objid
JOIN pg_catalog.pg_class v ON v.oid = r.ev_class
JOIN pg_catalog.pg_namespace vn ON vn.oid = v.relnamespace
JOIN pg_catalog.pg_class t ON t.oid = d.refobjid
JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
WHERE d.classid = 2618 AND d.refclassid = 1259 AND d.deptype = 'n' AND v.relkind = 'v' AND v.oid <> t.oid
  AND t.relkind IN ('r', 'v', 'f', 'p') AND pg_has_role(t.relowner, 'USAGE');

CREATE VIEW information_schema.view_column_usage (view_catalog name, view_schema name, view_name name, table_catalog name, table_schema name, table_name name,
  column_name name) AS
SELECT DISTINCT current_database(), vn.nspname, v.relname, current_database(), tn.nspname, t.relname, a.attname
FROM pg_catalog.pg_depend d
JOIN pg_catalog.pg_rewrite r ON r.oid = d.objid
JOIN pg_catalog.pg_class v ON v.oid = r.ev_class
JOIN pg_catalog.pg_namespace vn ON vn.oid = v.relnamespace
JOIN pg_catalog.pg_class t ON t.oid = d.refobjid
JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
JOIN pg_catalog.pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
WHERE d.classid = 2618 AND d.refclassid = 1259 AND d.deptype = 'n' AND v.relkind = 'v' AND v.oid <> t.oid
  AND t.relkind IN ('r', 'v', 'f', 'p') AND pg_has_role(t.relowner, 'USAGE');

CREATE VIEW information_schema.triggers (trigger_catalog name, trigger_schema name, trigger_name name, event_manipulation varchar,
  event_object_catalog name, event_object_schema name, event_object_table name, action_order int4,
  action_condition varchar, action_statement varchar, action_orientation varchar, action_timing varchar,
  action_reference_old_table name, action_reference_new_table name, action_reference_old_row name,
  action_reference_new_row name, created timestamptz) AS
EMPTY;

CREATE VIEW information_schema.domains (domain_catalog name, domain_schema name, domain_name name, data_type varchar, character_maximum_length int4,
  character_octet_length int4, character_set_catalog name, character_set_schema name, character_set_name name,
  collation_catalog name, collation_schema name, collation_name name, numeric_precision int4,
  numeric_precision_radix int4, numeric_scale int4, datetime_precision int4, interval_type varchar,
  interval_precision int4, domain_default varchar, udt_catalog name, udt_schema name, udt_name name,
  scope_catalog name, scope_schema name, scope_name name, maximum_cardinality int4, dtd_identifier name) AS
EMPTY;

CREATE VIEW information_schema.element_types (object_catalog name, object_schema name, object_name name, object_type varchar,
  collection_type_identifier name, data_type varchar, character_maximum_length int4,
  character_octet_length int4, character_set_catalog name, character_set_schema name, character_set_name name,
  collation_catalog name, collation_schema name, collation_name name, numeric_precision int4,
  numeric_precision_radix int4, numeric_scale int4, datetime_precision int4, interval_type varchar,
  interval_precision int4, domain_default varchar, udt_catalog name, udt_schema name, udt_name name,
  scope_catalog name, scope_schema name, scope_name name, maximum_cardinality int4, dtd_identifier name) AS
EMPTY;

CREATE VIEW information_schema.domain_constraints (constraint_catalog name, constraint_schema name, constraint_name name, domain_catalog name,
  domain_schema name, domain_name name, is_deferrable varchar(3), initially_deferred varchar(3)) AS
EMPTY;

CREATE VIEW information_schema.column_domain_usage (domain_catalog name, domain_schema name, domain_name name, table_catalog name, table_schema name,
  table_name name, column_name name) AS
EMPTY;

CREATE VIEW information_schema.foreign_tables (foreign_table_catalog name, foreign_table_schema name, foreign_table_name name, foreign_server_catalog name,
  foreign_server_name name) AS
EMPTY;

CREATE VIEW information_schema.user_defined_types (user_defined_type_catalog name, user_defined_type_schema name, user_defined_type_name name,
  user_defined_type_category varchar, is_instantiable varchar(3), is_final varchar(3), ordering_form varchar,
  ordering_category varchar, ordering_routine_catalog name, ordering_routine_schema name,
  ordering_routine_name name, reference_type varchar, data_type varchar, character_maximum_length int4,
  character_octet_length int4, character_set_catalog name, character_set_schema name, character_set_name name,
  collation_catalog name, collation_schema name, collation_name name, numeric_precision int4,
  numeric_precision_radix int4, numeric_scale int4, datetime_precision int4, interval_type varchar,
  interval_precision int4, source_dtd_identifier name, ref_dtd_identifier name) AS
EMPTY;

CREATE VIEW information_schema.usage_privileges (grantor name, grantee name, object_catalog name, object_schema name, object_name name, object_type varchar,
  privilege_type varchar, is_grantable varchar(3)) AS
EMPTY;

CREATE VIEW information_schema.routines (specific_catalog name, specific_schema name, specific_name name, routine_catalog name, routine_schema name,
  routine_name name, routine_type varchar, module_catalog name, module_schema name, module_name name,
  udt_catalog name, udt_schema name, udt_name name, data_type varchar, character_maximum_length int4,
  character_octet_length int4, character_set_catalog name, character_set_schema name, character_set_name name,
  collation_catalog name, collation_schema name, collation_name name, numeric_precision int4,
  numeric_precision_radix int4, numeric_scale int4, datetime_precision int4, interval_type varchar,
  interval_precision int4, type_udt_catalog name, type_udt_schema name, type_udt_name name, scope_catalog name,
  scope_schema name, scope_name name, maximum_cardinality int4, dtd_identifier name, routine_body varchar,
  routine_definition varchar, external_name varchar, external_language varchar, parameter_style varchar,
  is_deterministic varchar(3), sql_data_access varchar, is_null_call varchar(3), sql_path varchar,
  schema_level_routine varchar(3), max_dynamic_result_sets int4, is_user_defined_cast varchar(3),
  is_implicitly_invocable varchar(3), security_type varchar, to_sql_specific_catalog name,
  to_sql_specific_schema name, to_sql_specific_name name, as_locator varchar(3), created timestamptz,
  last_altered timestamptz, new_savepoint_level varchar(3), is_udt_dependent varchar(3),
  result_cast_from_data_type varchar, result_cast_as_locator varchar(3), result_cast_char_max_length int4,
  result_cast_char_octet_length int4, result_cast_char_set_catalog name, result_cast_char_set_schema name,
  result_cast_char_set_name name, result_cast_collation_catalog name, result_cast_collation_schema name,
  result_cast_collation_name name, result_cast_numeric_precision int4,
  result_cast_numeric_precision_radix int4, result_cast_numeric_scale int4,
  result_cast_datetime_precision int4, result_cast_interval_type varchar, result_cast_interval_precision int4,
  result_cast_type_udt_catalog name, result_cast_type_udt_schema name, result_cast_type_udt_name name,
  result_cast_scope_catalog name, result_cast_scope_schema name, result_cast_scope_name name,
  result_cast_maximum_cardinality int4, result_cast_dtd_identifier name) AS
EMPTY;

CREATE VIEW information_schema.parameters (specific_catalog name, specific_schema name, specific_name name, ordinal_position int4,
  parameter_mode varchar, is_result varchar(3), as_locator varchar(3), parameter_name name, data_type varchar,
  character_maximum_length int4, character_octet_length int4, character_set_catalog name,
  character_set_schema name, character_set_name name, collation_catalog name, collation_schema name,
  collation_name name, numeric_precision int4, numeric_precision_radix int4, numeric_scale int4,
  datetime_precision int4, interval_type varchar, interval_precision int4, udt_catalog name, udt_schema name,
  udt_name name, scope_catalog name, scope_schema name, scope_name name, maximum_cardinality int4,
  dtd_identifier name, parameter_default varchar) AS
EMPTY;

CREATE VIEW aurora_volume (volume text, vcl pg_lsn, vdl pg_lsn, epoch text, lsn_limit pg_lsn, group_pages int4,
  protection_groups int4, size_bytes int8, copies int4, write_quorum int4, read_quorum int4, records int8, batches
  int8, batch_bytes int8, messages int8, acks int8, page_reads int8, hedged_reads int8, gossip_fills int8) AS
SELECT * FROM aurora_volume_state();

CREATE VIEW aurora_segments (protection_group int4, copy text, node text, zone text, address text, state text, scl
  pg_lsn, lag_bytes int8, sealed pg_lsn, horizon pg_lsn, gaps int4, pages int8, log_bytes int8, run_bytes int8,
  gossip_fills int8, last_scrub timestamptz, ack_p50_ms float8, ack_p99_ms float8) AS
SELECT * FROM aurora_segment_states();
