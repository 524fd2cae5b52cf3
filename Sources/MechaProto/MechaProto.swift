// MechaProto (L1): the protobuf messages and RPC tables of every gRPC service that Mecha speaks (Dapr's API
// and its app callbacks, health, reflection, OTLP traces, google.rpc status details). `Generated/` is written
// by `make protos` from `Protos/` and committed. It may import SwiftProtobuf, and nothing of Mecha's own.
