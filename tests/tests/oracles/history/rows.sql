-- What the platform makes of the records in history/mod.rs.
INSERT INTO products VALUES
    (1, 'A', 20, 3, now(), 0),
    (2, 'B', 4, 5, now(), 0),
    (3, 'C', 1, 1, now(), 0),
    (4, 'NEVER-MET', 9, 0, now(), 0);

INSERT INTO ledger VALUES
    ('A', 0, 'opening', 0, 10, NULL, NULL, NULL, NULL),
    ('A', 1, 'adjust', 5, 15, '00000000-0000-0000-0000-000000000001', 'history', 0, 0),
    ('A', 2, 'adjust', -3, 12, '00000000-0000-0000-0000-000000000002', 'history', 0, 1),
    ('A', 3, 'count', 8, 20, '00000000-0000-0000-0000-000000000005', 'history', 0, 7),
    ('B', 3, 'opening', 0, 5, NULL, NULL, NULL, NULL),
    ('B', 4, 'adjust', 1, 6, NULL, 'history', 1, 0),
    ('B', 5, 'adjust', -2, 4, '{digest}', 'history', 1, 1),
    ('C', 0, 'opening', 0, 2, NULL, NULL, NULL, NULL),
    ('C', 1, 'adjust', -1, 1, NULL, 'history', 2, 1);

INSERT INTO refusals VALUES
    ('history', 0, 2, 'A', '00000000-0000-0000-0000-000000000003', 'rejected', 'below_floor', 2, 12, 0, NULL),
    ('history', 0, 3, 'A', '00000000-0000-0000-0000-000000000002', 'duplicate', NULL, NULL, NULL, NULL, NULL),
    ('history', 0, 4, 'A', '00000000-0000-0000-0000-000000000002', 'rejected', 'event_id_conflict', NULL, NULL, NULL, NULL),
    ('history', 0, 5, NULL, NULL, 'malformed', 'not_json', NULL, NULL, NULL, 'not JSON'),
    ('history', 0, 10, 'A', NULL, 'rejected', 'stale', 3, 20, 0, NULL),
    ('history', 1, 4, NULL, NULL, 'malformed', 'empty', NULL, NULL, NULL, NULL);

INSERT INTO parked VALUES
    ('history', 0, 6, 'GHOST', '00000000-0000-0000-0000-000000000004', 'parked', 'unknown_sku', NULL, NULL, NULL, NULL),
    ('history', 1, 2, 'B', '00000000-0000-0000-0000-000000000007', 'parked', 'below_floor', 5, 4, 0, NULL),
    ('history', 1, 3, 'B', '00000000-0000-0000-0000-000000000008', 'parked', NULL, 5, 4, 0, NULL);

INSERT INTO gaps VALUES ('history', 2, 0, 1, 'retention', 'test');

INSERT INTO positions VALUES
    ('history', 0, 11, 0, 'running'),
    ('history', 1, 5, 0, 'running'),
    ('history', 2, 2, 0, 'running');
