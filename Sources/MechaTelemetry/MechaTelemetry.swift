// MechaTelemetry (L1): what the runtime tells about itself. Metrics (lock-free recording, bounded series,
// Prometheus text), trace context and spans (W3C Trace Context, OpenTelemetry conventions) and logs in
// Dapr's forms. Everything here is cheap enough for the request path and never blocks an event loop;
// sending spans elsewhere is MechaTelemetryExport's part.
// It may import MechaCore, NIOCore (ByteBuffer) and Logging, and no wire code.
