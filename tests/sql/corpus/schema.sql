CREATE TABLE t (a integer PRIMARY KEY, b text, c numeric(10,2), d date);
CREATE TABLE u (a bigint, x varchar(10) DEFAULT 'none', y integer[], f boolean NOT NULL);
CREATE TABLE k (id integer GENERATED ALWAYS AS IDENTITY, n integer UNIQUE, s char(3), j jsonb, ts timestamptz DEFAULT now());
CREATE TABLE g (a integer, twice integer GENERATED ALWAYS AS (a * 2) STORED);
CREATE TABLE "Odd Name" ("select" integer, "Mixed" text, year integer);
