-- results.db  schema 1   (SQLite >= 3.37: STRICT; Debian 12 has 3.40.1)
PRAGMA page_size      = 8192;         -- must be the very FIRST statement: setting application_id first fixes 4096 (checked)
PRAGMA application_id = 0x4D544231;   -- 'MTB1': file(1) and our own open() can tell it apart
PRAGMA user_version   = 1;            -- schema version; open() migrates or refuses, never guesses

-- ---------- what ran -------------------------------------------------------
CREATE TABLE invocation(                 -- one command line
  invocation_id   INTEGER PRIMARY KEY,
  started_utc  TEXT NOT NULL,         -- wall clock, the only wall-clock columns in the file
  wall_ms      INTEGER,
  argv_json    TEXT NOT NULL, cwd TEXT NOT NULL,
  tool_version TEXT NOT NULL, tool_commit TEXT NOT NULL, host_json TEXT NOT NULL
) STRICT;

CREATE TABLE run(                     -- one scenario x profile x variant x seed
  run_id        INTEGER PRIMARY KEY,
  invocation_id    INTEGER NOT NULL REFERENCES invocation ON DELETE CASCADE,
  scenario      TEXT NOT NULL, file TEXT NOT NULL, line INTEGER NOT NULL,
  script_sha256 TEXT NOT NULL,
  profile       TEXT NOT NULL,        -- istio-sidecar | istio-ambient | linkerd | envoy | none | ...
  variant_json  TEXT NOT NULL DEFAULT '{}',
  seed          INTEGER NOT NULL,
  status        TEXT NOT NULL CHECK(status IN('running','passed','failed','inconclusive','error','skipped','xfail','xpass','interrupted')),
  sim_ns        INTEGER, events INTEGER, trace_hash TEXT,   -- same inputs => same trace_hash
  detail_level  TEXT NOT NULL CHECK(detail_level IN('summary','sampled','full')),
  UNIQUE(invocation_id, file, scenario, profile, variant_json, seed)
) STRICT;
CREATE TABLE run_attr(run_id INTEGER NOT NULL REFERENCES run ON DELETE CASCADE, key TEXT NOT NULL, value TEXT NOT NULL,
  PRIMARY KEY(run_id,key)) STRICT, WITHOUT ROWID;

-- ---------- the world ------------------------------------------------------
CREATE TABLE workload(workload_id INTEGER PRIMARY KEY, run_id INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
  service TEXT NOT NULL, version TEXT NOT NULL, zone TEXT NOT NULL, spiffe_id TEXT,
  UNIQUE(run_id,service,version,zone)) STRICT;
CREATE TABLE edge(edge_id INTEGER PRIMARY KEY, run_id INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
  src_id INTEGER NOT NULL REFERENCES workload, dst_id INTEGER NOT NULL REFERENCES workload,
  protocol TEXT NOT NULL, UNIQUE(run_id,src_id,dst_id,protocol)) STRICT;

-- ---------- verdicts (small, always written) -------------------------------
CREATE TABLE verdict(
  run_id INTEGER NOT NULL REFERENCES run ON DELETE CASCADE, seq INTEGER NOT NULL,
  kind TEXT NOT NULL CHECK(kind IN('check','threshold','invariant','steady_state','timeout','vacuity')),
  name TEXT NOT NULL, status TEXT NOT NULL CHECK(status IN('pass','fail','inconclusive')),
  t_ns INTEGER, observed REAL, op TEXT, expected REAL, unit TEXT, samples INTEGER,
  message TEXT, file TEXT, line INTEGER,
  PRIMARY KEY(run_id,seq)) STRICT, WITHOUT ROWID;

-- ---------- run --perturb: a run more per end of a constant's error; a verdict that flips is inconclusive
CREATE TABLE perturbation(run_id INTEGER NOT NULL REFERENCES run ON DELETE CASCADE, seq INTEGER NOT NULL,
  constant TEXT NOT NULL,             -- of the fidelity ledger: proxy.price
  what TEXT NOT NULL,                 -- proxy.price (request 105us, ± 30%), +30%
  moved_permille INTEGER NOT NULL,    -- 300: x 1.3
  status TEXT NOT NULL,               -- that run's
  flipped TEXT,                       -- the first verdict that is another then
  PRIMARY KEY(run_id,seq)) STRICT, WITHOUT ROWID;

-- ---------- timeline -------------------------------------------------------
CREATE TABLE event(                   -- faults, rollouts, certs, config pushes, phases, logs
  run_id INTEGER NOT NULL REFERENCES run ON DELETE CASCADE, seq INTEGER NOT NULL,
  t_ns INTEGER NOT NULL, kind TEXT NOT NULL, severity INTEGER NOT NULL DEFAULT 0,
  subject TEXT NOT NULL, message TEXT NOT NULL, attr_json TEXT,
  PRIMARY KEY(run_id,seq)) STRICT, WITHOUT ROWID;
CREATE TABLE fault(fault_id INTEGER PRIMARY KEY, run_id INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
  kind TEXT NOT NULL, selector TEXT NOT NULL, start_ns INTEGER NOT NULL, end_ns INTEGER,
  params_json TEXT NOT NULL, touched_packets INTEGER NOT NULL DEFAULT 0, touched_requests INTEGER NOT NULL DEFAULT 0,
  touched_connections INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE rollout_step(run_id INTEGER NOT NULL REFERENCES run ON DELETE CASCADE, target TEXT NOT NULL, seq INTEGER NOT NULL,
  t_ns INTEGER NOT NULL, phase TEXT NOT NULL, weight INTEGER NOT NULL, metric TEXT, observed REAL, bound TEXT, ok INTEGER,
  failed_checks INTEGER NOT NULL, reason TEXT, PRIMARY KEY(run_id,target,seq)) STRICT, WITHOUT ROWID;
CREATE TABLE cert(run_id INTEGER NOT NULL REFERENCES run ON DELETE CASCADE, serial TEXT NOT NULL, workload_id INTEGER REFERENCES workload,
  kind TEXT NOT NULL CHECK(kind IN('leaf','intermediate','root')), not_before_ns INTEGER NOT NULL, not_after_ns INTEGER NOT NULL,
  issued_ns INTEGER NOT NULL, replaced_ns INTEGER, issuer TEXT NOT NULL, PRIMARY KEY(run_id,serial)) STRICT, WITHOUT ROWID;

-- ---------- series: one row per (series, window), histogram as one blob -----
CREATE TABLE series(series_id INTEGER PRIMARY KEY, run_id INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
  metric TEXT NOT NULL, kind TEXT NOT NULL CHECK(kind IN('counter','gauge','histogram')), unit TEXT NOT NULL,
  edge_id INTEGER REFERENCES edge, workload_id INTEGER REFERENCES workload, labels_json TEXT NOT NULL DEFAULT '{}') STRICT;
CREATE UNIQUE INDEX series_key ON series(run_id,metric,ifnull(edge_id,0),ifnull(workload_id,0),labels_json); -- NULLs are distinct in UNIQUE
CREATE TABLE point(series_id INTEGER NOT NULL REFERENCES series ON DELETE CASCADE, t_ms INTEGER NOT NULL, value REAL,
  PRIMARY KEY(series_id,t_ms)) STRICT, WITHOUT ROWID;              -- value nullable: SQLite stores NaN as NULL
CREATE TABLE hist(series_id INTEGER NOT NULL REFERENCES series ON DELETE CASCADE, t_ms INTEGER NOT NULL,
  n INTEGER NOT NULL, sum REAL NOT NULL, min REAL, p50 REAL, p90 REAL, p99 REAL, p999 REAL, max REAL,
  h BLOB NOT NULL,                    -- log-linear buckets: version byte, then (varint gap, varint count)*
  PRIMARY KEY(series_id,t_ms)) STRICT, WITHOUT ROWID;

-- ---------- per-request detail: only for detail_level sampled|full -----------
CREATE TABLE request(                 -- rowid table, appended in time order, NO index during the run
  run_id INTEGER NOT NULL, t_ns INTEGER NOT NULL, dur_ns INTEGER NOT NULL, ttfb_ns INTEGER,
  edge_id INTEGER NOT NULL, status INTEGER NOT NULL, flags INTEGER NOT NULL, attempt INTEGER NOT NULL,
  bytes_up INTEGER NOT NULL, bytes_down INTEGER NOT NULL,
  trace_hi INTEGER NOT NULL, trace_lo INTEGER NOT NULL, span_id INTEGER NOT NULL, parent_id INTEGER) STRICT;

-- ---------- the decision ---------------------------------------------------
CREATE TABLE criterion(criterion_id INTEGER PRIMARY KEY, invocation_id INTEGER NOT NULL REFERENCES invocation ON DELETE CASCADE,
  name TEXT NOT NULL, weight REAL NOT NULL CHECK(weight>=0), better TEXT NOT NULL CHECK(better IN('lower','higher')),
  best REAL NOT NULL, worst REAL NOT NULL, unit TEXT NOT NULL, source TEXT NOT NULL CHECK(source IN('measured','declared')), note TEXT,
  UNIQUE(invocation_id,name)) STRICT;
CREATE TABLE score(criterion_id INTEGER NOT NULL REFERENCES criterion ON DELETE CASCADE, profile TEXT NOT NULL,
  value REAL, ci_low REAL, ci_high REAL, utility REAL, n INTEGER NOT NULL, evidence TEXT NOT NULL,
  PRIMARY KEY(criterion_id,profile)) STRICT, WITHOUT ROWID;

-- ---------- indexes needed while writing are the primary keys; the rest come at close
CREATE INDEX run_by_status  ON run(status, scenario);
CREATE INDEX event_by_kind  ON event(run_id, kind, t_ns);
CREATE INDEX verdict_failed ON verdict(run_id, kind) WHERE status <> 'pass';
-- written by close(), after the last request row:  CREATE INDEX request_by_edge ON request(run_id, edge_id, t_ns);

-- ---------- views: the names users type -------------------------------------
CREATE VIEW v_runs AS
  SELECT run_id, scenario, profile, variant_json, seed, status, sim_ns/1e9 AS sim_s, events,
         (SELECT count(*) FROM verdict v WHERE v.run_id=r.run_id AND v.status='fail') AS failed_checks, trace_hash,
         file || ':' || line AS source FROM run r;
CREATE VIEW v_failures AS
  SELECT r.run_id, r.scenario, r.profile, r.seed, v.kind, v.name, v.observed, v.op, v.expected, v.unit, v.t_ns/1e9 AS t_s,
         v.message, coalesce(v.file,r.file) || ':' || coalesce(v.line,r.line) AS source
  FROM verdict v JOIN run r USING(run_id) WHERE v.status <> 'pass';
CREATE VIEW v_edges AS                 -- the columns of `linkerd viz edges` + `stat`
  SELECT e.run_id, s.service AS src, s.version AS src_version, d.service AS dst, d.version AS dst_version, e.protocol,
         q.metric, sum(h.n) AS n, max(h.p99) AS worst_p99, max(h.max) AS max
  FROM edge e JOIN workload s ON s.workload_id=e.src_id JOIN workload d ON d.workload_id=e.dst_id
  JOIN series q ON q.edge_id=e.edge_id AND q.kind='histogram' JOIN hist h USING(series_id) GROUP BY e.edge_id, q.metric;
CREATE VIEW v_timeline AS
  SELECT run_id, t_ns/1e9 AS t_s, kind, severity, subject, message FROM event
  UNION ALL SELECT run_id, start_ns/1e9, 'fault.start', 1, kind, selector FROM fault
  UNION ALL SELECT run_id, end_ns/1e9, 'fault.end', 1, kind, selector FROM fault WHERE end_ns IS NOT NULL;
CREATE VIEW v_vacuous AS               -- faults that touched nothing: a green run that proves nothing
  SELECT r.scenario, r.profile, r.seed, f.* FROM fault f JOIN run r USING(run_id) WHERE f.touched_packets=0 AND f.touched_requests=0
    AND f.touched_connections=0;
CREATE VIEW v_scorecard AS
  SELECT c.invocation_id, s.profile, c.name, c.weight, s.value, c.unit, s.utility, c.weight*s.utility AS points, c.source, s.n, s.evidence
  FROM score s JOIN criterion c USING(criterion_id);
CREATE VIEW v_flaky AS                 -- same inputs, different verdict or different trace: a determinism bug
  SELECT scenario, profile, variant_json, seed, script_sha256, count(DISTINCT trace_hash) AS traces, count(DISTINCT status) AS verdicts
  FROM run WHERE status<>'running' GROUP BY 1,2,3,4,5 HAVING traces>1 OR verdicts>1;
