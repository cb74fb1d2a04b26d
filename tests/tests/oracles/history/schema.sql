-- The contract's views as plain tables, so that a test can break a row.
CREATE TABLE products (
    id bigint, sku text, current_stock bigint, version bigint, updated_at timestamptz, stock_floor bigint
);
CREATE TABLE ledger (
    sku text, version bigint, kind text, quantity_change bigint, stock_after bigint, event_key uuid,
    topic text, partition int, record_offset bigint, ruleset_revision int DEFAULT 0
);
CREATE TABLE refusals (
    topic text, partition int, record_offset bigint, sku text, event_key uuid, outcome text, code text,
    version_seen bigint, stock_seen bigint, floor_seen bigint, payload bytea,
    ruleset_revision int DEFAULT 0
);
CREATE TABLE parked (LIKE refusals INCLUDING DEFAULTS);
CREATE TABLE gaps (topic text, partition int, from_offset bigint, to_offset bigint, reason text, accepted_by text);
CREATE TABLE positions (topic text, partition int, next_offset bigint, retained_from bigint, status text,
    owner_epoch bigint DEFAULT 1);
