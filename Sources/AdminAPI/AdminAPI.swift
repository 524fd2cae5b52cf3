// AdminAPI (L4): what operators ask a process: metrics for Prometheus, on loopback unless told otherwise, and the
// functions that it hosts, on a socket of its owner.
