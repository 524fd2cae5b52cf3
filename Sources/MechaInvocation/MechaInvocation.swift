// MechaInvocation (L3): calls between apps. Where a call goes (an app of this process, an app behind
// another runtime, an HTTP endpoint, a plain URL), how it gets there (a streaming proxy that never holds
// a whole body), and what stands before the app (health, concurrency). It also calls the app on behalf of
// other engines, whatever protocol the app speaks.
// It may import L0 and L1 modules. It knows no API front end: failures leave as ``InvocationError``.
