// MechaResiliency (L0): how failures are met, as pure state machines: pauses between attempts
// (BackoffSchedule), whether a failed call is repeated (RetryPolicy, RetrySchedule), when a target is left
// alone (CircuitBreaker), how many calls run at once (ConcurrencyLimiter).
//
// Time and randomness are passed in and what to do is answered, so nothing here waits, locks or calls
// out; who uses a machine guards it (an event loop or a Mutex) and acts on its answers. Around one call
// they nest as in Dapr: the timeout innermost, then the circuit breaker, then the retries.
// It may import MechaCore.
