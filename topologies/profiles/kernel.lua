-- Linux's TCP as the simulated machines have it, under sysctl names; what Linux compiles in, under its macro.
return kernel {
  TCP_INIT_CWND    = 10,      -- include/net/tcp.h; RFC 6928
  TCP_MSS          = 1460,    -- MTU 1500 less 40 of IPv4 and TCP headers; RFC 9293 §3.7.1
  TCP_RTO_MIN      = "200ms", -- include/net/tcp.h: HZ/5
  TCP_RTO_MAX      = "120s",  -- include/net/tcp.h: 120*HZ
  TCP_TIMEOUT_INIT = "1s",    -- include/net/tcp.h; RFC 6298 §2.1
  TCP_TIMEWAIT_LEN = "60s",   -- include/net/tcp.h: 60*HZ

  ["net.ipv4.tcp_syn_retries"]     = 6,                         -- Documentation/networking/ip-sysctl.rst
  ["net.ipv4.tcp_syn_linear_timeouts"] = 0,                     -- ip-sysctl.rst: 4 since Linux 6.5; before, and here: doubling at once
  ["net.ipv4.tcp_synack_retries"]  = 5,                         -- ip-sysctl.rst: given up after 63 s
  ["net.ipv4.tcp_orphan_retries"]  = 8,                         -- ip-sysctl.rst: 0 means 8
  ["net.ipv4.tcp_keepalive_intvl"] = "75s",                     -- ip-sysctl.rst; for sockets that ask for keep-alive only
  ["net.ipv4.tcp_keepalive_probes"] = 9,                        -- ip-sysctl.rst
  ["net.ipv4.tcp_retries2"]        = 15,                        -- ip-sysctl.rst: about 15 minutes (924.6 s for a time-out of 200 ms; it is a round trip more)
  ["net.ipv4.ip_local_port_range"] = { 32768, 60999 },          -- ip-sysctl.rst: 28 232 ports
  ["net.ipv4.tcp_rmem"]            = { 4096, 131072, 6291456 }, -- ip-sysctl.rst; half of it is window (tcp_adv_win_scale 1)
  ["net.core.somaxconn"]           = 4096,                      -- since Linux 5.4

  CONFIG_HZ = 250, -- Debian, Ubuntu up to 24.04; 1000 in Ubuntu from 24.10, Fedora, RHEL. A spent quota is seen at a tick,
                   -- and the timer wheel (kernel/time/timer.c) rounds time-outs up by up to an eighth

  ["resolv.timeout"]  = "5s", -- resolv.conf(5): RES_TIMEOUT
  ["resolv.attempts"] = 2,    -- resolv.conf(5): RES_DFLRETRY
}
