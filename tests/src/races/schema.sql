CREATE TABLE products (
    id bigint PRIMARY KEY,
    sku text NOT NULL UNIQUE,
    current_stock bigint NOT NULL,
    version bigint NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE TABLE processed_events (event_id uuid PRIMARY KEY);
CREATE TABLE stock_ledger (
    product_id bigint NOT NULL,
    version bigint NOT NULL,
    quantity_change bigint NOT NULL,
    stock_after bigint NOT NULL,
    event_id uuid NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (product_id, version)
);
CREATE TABLE consumer_offsets (partition int PRIMARY KEY, next_offset bigint NOT NULL);
