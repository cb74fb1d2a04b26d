INSERT INTO products (id, sku, current_stock, version, decisions, ledger_stock, ledger_version)
OVERRIDING SYSTEM VALUE VALUES (1, 'A', 12, 3, 6, 12, 3), (2, 'B', 4, 8, 2, 4, 8), (3, 'NEW', 5, 0, 0, NULL, NULL);
SELECT setval(pg_get_serial_sequence('products', 'id'), 3);
INSERT INTO plimsoll_internal.openings (product_id, version, stock) VALUES (1, 0, 10), (2, 7, 9);
INSERT INTO plimsoll_internal.topics (name, partitions) VALUES ('t', 3);
INSERT INTO plimsoll_internal.positions (topic_id, partition, next_offset, retained_from, claim, owner, status, halt_reason)
VALUES (1, 0, 6, 0, gen_random_uuid(), 'one', 'running', NULL),
    (1, 1, 3, 0, gen_random_uuid(), 'one', 'running', NULL),
    (1, 2, 40, 30, gen_random_uuid(), 'one', 'halted', 'retention deleted offsets 40 to 49');
INSERT INTO plimsoll_internal.accepted_gaps (topic_id, partition, from_offset, to_offset, reason, accepted_by)
VALUES (1, 2, 31, 35, 'disk lost', 'ops@here');

INSERT INTO plimsoll_internal.ledger_1 (product_id, event_key, version, quantity_change, stock_after, record_offset, occurred_ms, partition, ruleset_revision, topic_id, kind, facts)
VALUES (1, NULL, 1, 5, 15, 0, 1700000000000, 0, 0, 1, 0, NULL),
    (1, '00000000-0000-0000-0000-00000000000a', 2, -4, 11, 0, 1700000000000, 1, 0, 1, 0, '{"reason": "sold"}'),
    (1, NULL, 3, 1, 12, 3, 1700000000000, 0, 0, 1, 1, NULL),
    (2, NULL, 8, -5, 4, 5, 1700000000000, 0, 0, 1, 0, NULL);
INSERT INTO plimsoll_internal.refused (record_offset, partition, topic_id, kind, quantity, occurred_ms, sku, event_key, outcome, code, detail, ruleset_revision, version_seen, stock_seen, floor_seen, payload)
VALUES (1, 0, 1, 0, -99, 1700000000000, 'A', NULL, 'rejected', 'below_floor', NULL, 0, 1, 15, 0, NULL),
    (2, 0, 1, NULL, NULL, NULL, NULL, NULL, 'malformed', 'not_json', 'not JSON: expected value', 0, NULL, NULL, NULL, '\x686920216f'),
    (1, 1, 1, 0, -4, 1700000000000, 'A', '00000000-0000-0000-0000-00000000000a', 'duplicate', 'duplicate', NULL, 0, 2, 11, 0, NULL);
INSERT INTO plimsoll_internal.unknown_skus (sku, decisions, held) VALUES ('C', 1, true);
INSERT INTO plimsoll_internal.parked_events (record_offset, partition, topic_id, kind, quantity, occurred_ms, sku, event_key, code, ruleset_revision)
VALUES (2, 1, 1, 0, 6, 1700000000000, 'C', '00000000-0000-0000-0000-00000000000c', 'unknown_sku', 0);
