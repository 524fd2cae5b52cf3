// MechaTelemetryExport (L1): sends ended spans elsewhere. OTLP over gRPC and over HTTP, Zipkin v2 and the
// log, behind one batching pipeline that is bounded, retries what is worth retrying and never makes a
// request wait. Encoders are pure functions from spans to bytes; exporters only carry bytes.
// It may import MechaTelemetry, MechaWire (clients), MechaProto (OTLP messages), MechaCore and NIO.
