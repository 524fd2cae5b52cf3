// DaprAPI (L4): Dapr's HTTP and gRPC APIs over an `AppRuntime`. It turns wire forms into capability
// calls and results into wire forms, and decides nothing: policies live in MechaHost.
// Wire facts: sections 1 and 2 of the Dapr surface. It may import L0, L1 and L3, never a component.
