// MechaPolicies (L3): Resiliency resources put to work. `PolicyTable` is what they amount to for one app:
// immutable, with names resolved and expressions compiled. `Policy` is what applies to one target, and runs
// calls: the timeout innermost, then the circuit breaker, the retries outermost.
//
// It stands below MechaInvocation and MechaHost because both make calls under policies: invocation on event
// loops with streamed bodies (it takes a policy's parts and machines), the host with `Policy.run`.
// It may import L0 and L1. It knows neither components nor apps but their names.
