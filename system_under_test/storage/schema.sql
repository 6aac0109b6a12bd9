-- Tables without a rowid where the key is not a number: one tree, so one page, less to write for a change.
CREATE TABLE personality (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    description TEXT,
    custom_instructions TEXT,
    is_template INTEGER NOT NULL CHECK (is_template IN (0, 1)),
    openness INTEGER NOT NULL CHECK (openness BETWEEN 0 AND 100),
    conscientiousness INTEGER NOT NULL CHECK (conscientiousness BETWEEN 0 AND 100),
    extraversion INTEGER NOT NULL CHECK (extraversion BETWEEN 0 AND 100),
    agreeableness INTEGER NOT NULL CHECK (agreeableness BETWEEN 0 AND 100),
    neuroticism INTEGER NOT NULL CHECK (neuroticism BETWEEN 0 AND 100),
    formality INTEGER NOT NULL CHECK (formality BETWEEN 0 AND 100),
    humor INTEGER NOT NULL CHECK (humor BETWEEN 0 AND 100),
    assertiveness INTEGER NOT NULL CHECK (assertiveness BETWEEN 0 AND 100),
    empathy INTEGER NOT NULL CHECK (empathy BETWEEN 0 AND 100),
    storytelling INTEGER NOT NULL CHECK (storytelling BETWEEN 0 AND 100),
    brevity INTEGER NOT NULL CHECK (brevity BETWEEN 0 AND 100),
    imagination INTEGER NOT NULL CHECK (imagination BETWEEN 0 AND 100),
    playfulness INTEGER NOT NULL CHECK (playfulness BETWEEN 0 AND 100),
    dramaticism INTEGER NOT NULL CHECK (dramaticism BETWEEN 0 AND 100),
    analytical_depth INTEGER NOT NULL CHECK (analytical_depth BETWEEN 0 AND 100),
    contrarianism INTEGER NOT NULL CHECK (contrarianism BETWEEN 0 AND 100),
    encouragement INTEGER NOT NULL CHECK (encouragement BETWEEN 0 AND 100),
    curiosity INTEGER NOT NULL CHECK (curiosity BETWEEN 0 AND 100),
    patience INTEGER NOT NULL CHECK (patience BETWEEN 0 AND 100),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL CHECK (updated_at >= created_at),
    version INTEGER NOT NULL CHECK (version >= 1)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX personality_name ON personality (name);

-- One row a committed change; it outlives the personality, so it refers to it by value only.
CREATE TABLE personality_history (
    entity_id TEXT NOT NULL,
    version INTEGER NOT NULL,
    correlation_id TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('created', 'updated', 'deleted')),
    changes TEXT NOT NULL,  -- JSON: {"field": [old, new]}
    PRIMARY KEY (entity_id, version)
) STRICT, WITHOUT ROWID;

-- Append-only; AUTOINCREMENT, because a sequence number must never come twice.
CREATE TABLE audit (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms INTEGER NOT NULL,
    correlation_id TEXT NOT NULL,
    principal TEXT NOT NULL,
    operation TEXT NOT NULL,
    entity TEXT,
    kind TEXT NOT NULL CHECK (kind IN ('started', 'step', 'committed', 'rejected', 'rolled_back')),
    detail TEXT NOT NULL
) STRICT;
