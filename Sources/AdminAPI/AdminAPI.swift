// AdminAPI (L4): what operators ask a process: metrics for Prometheus. Binds to loopback unless told otherwise.
