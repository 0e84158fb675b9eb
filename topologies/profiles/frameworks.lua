-- Servers as they come: framework = "node" of a service begins with these, what it says itself goes over them.
-- Only what was found in the named source; a client pool stands where the framework brings its own client.
return {
  ["apache-httpd"] = { -- include/http_core.h: DEFAULT_KEEPALIVE_TIMEOUT 5, DEFAULT_KEEPALIVE 100
    keep_alive = "5s",
    server = { requests_per_connection = 100 },
  },

  go = { -- net/http. Server: IdleTimeout 0, then ReadTimeout 0: "there is no timeout" (server.go).
         -- Transport: DefaultMaxIdleConnsPerHost 2, MaxConnsPerHost 0; DefaultTransport: IdleConnTimeout 90 s, Dialer.Timeout 30 s (transport.go)
    keep_alive = "0s",
    server = { pool = { max_idle = 2, idle_timeout = "90s", connect_timeout = "30s" } },
  },

  gunicorn = { -- config.py: workers 1, class sync: one request at a time; workers/sync.py: resp.force_close(), no keep-alive
    concurrency = 1,
    resources = { threads = 1 },
    server = { requests_per_connection = 1, pool = { max_idle = 10 } }, -- requests/adapters.py: DEFAULT_POOLSIZE 10, not blocking
  },

  ["gunicorn-gthread"] = { -- config.py: keepalive 2, threads 1; CPython's lock lets one compute
    keep_alive = "2s",
    concurrency = 1,
    resources = { threads = 1 },
    server = { pool = { max_idle = 10 } },
  },

  jetty = { -- AbstractConnector: _idleTimeout 30000; QueuedThreadPool: maxThreads 200
    keep_alive = "30s",
    concurrency = 200,
  },

  kestrel = { -- KestrelServerLimits.cs: 130 s; SocketsHttpHandler: PooledConnectionIdleTimeout 1 min (.NET 6 and later)
    keep_alive = "130s",
    server = { pool = { idle_timeout = "1m" } },
  },

  nginx = { -- ngx_http_core_module: keepalive_timeout 75 s, keepalive_requests 1000 (since 1.19.10)
    keep_alive = "75s",
    server = { requests_per_connection = 1000 },
  },

  node = { -- http: server.keepAliveTimeout 5 s, maxRequestsPerSocket 0; one thread runs the script.
           -- _http_agent.js (since 19): globalAgent { keepAlive: true, scheduling: 'lifo', timeout: 5000 }, maxSockets Infinity, maxFreeSockets 256
    keep_alive = "5s",
    resources = { threads = 1 },
    server = { pool = { max_idle = 256, idle_timeout = "5s" } },
  },

  puma = { -- configuration.rb: max_threads 5 (MRI), dsl.rb: persistent_timeout 20 s (65 s since 7); MRI's lock lets one compute
    keep_alive = "20s",
    concurrency = 5,
    resources = { threads = 1 },
  },

  ["reactor-netty"] = { -- reference, HTTP server: idleTimeout is not specified, no timeout; client: 500 connections, twice as many
                        -- waiting, DEFAULT_POOL_ACQUIRE_TIMEOUT 45 s
    keep_alive = "0s",
    server = { pool = { max_connections = 500, max_waiting = 1000, wait_timeout = "45s" } },
  },

  tomcat = { -- config/http: connectionTimeout 60 s (20 s in the server.xml that comes with it), keepAliveTimeout as that,
             -- maxKeepAliveRequests 100, maxThreads 200
    keep_alive = "60s",
    concurrency = 200,
    server = { requests_per_connection = 100 },
  },

  uvicorn = { -- config.py: timeout_keep_alive 5, limit_concurrency none; one event loop
    keep_alive = "5s",
    resources = { threads = 1 },
  },
}
