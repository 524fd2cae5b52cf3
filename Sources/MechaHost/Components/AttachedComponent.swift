import MechaCore

/// A component that calls back through the app that it was loaded for. Where apps share one, each attaches it.
public protocol AttachedComponent: Component {
    /// Called before the first use; must not keep the app alive.
    func attach(_ runtime: AppRuntime)
}
