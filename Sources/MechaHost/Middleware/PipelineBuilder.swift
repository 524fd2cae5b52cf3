import MechaCore
import MechaManifest
import MechaWire

/// Makes pipelines of loaded components: in the order of the Configuration's handlers, or where it has none, of
/// the components that name the pipeline themselves (`pipelineType`), by `priority`.
struct PipelineBuilder {
    let components: [LoadedComponent]
    /// Declared components that could not be loaded.
    let failed: Set<String>

    /// Why a pipeline cannot be made.
    struct Problem: Error, CustomStringConvertible {
        var description: String
    }

    static let commonFields: [MetadataField] = [
        MetadataField(
            "pipelineType", .string, choices: ["httpPipeline", "appHttpPipeline"],
            "Pipeline that the component takes part in, when the Configuration names no handlers for it"),
        MetadataField("priority", .integer, "Place in that pipeline, lowest first"),
    ]

    func pipeline(_ name: String, _ handlers: [ConfigurationSpec.Handler]) throws(Problem) -> HTTPPipeline {
        guard handlers.isEmpty else {
            var steps: [HTTPPipeline.Step] = []
            for (index, handler) in handlers.enumerated() { steps.append(try step(handler, at: "\(name).handlers[\(index)]")) }
            return HTTPPipeline(steps)
        }
        var placed: [(priority: Int, step: HTTPPipeline.Step)] = []
        for component in components where component.metadata.string("pipelineType")?.lowercased() == name.lowercased() {
            guard let priority = (try? component.metadata.integer("priority")) ?? nil else {
                throw Problem(description: "\(component.resource.source): \(component.name) takes part in \(name) without a priority")
            }
            guard let middleware = component.instance as? any HTTPMiddleware else {
                throw Problem(description: "\(component.resource.source): \(component.name) is no HTTP middleware")
            }
            placed.append((priority, HTTPPipeline.Step(name: component.name, middleware, lease: component.lease)))
        }
        // Equal priorities keep the order of the files.
        let order = placed.enumerated().sorted { ($0.element.priority, $0.offset) < ($1.element.priority, $1.offset) }
        return HTTPPipeline(order.map(\.element.step))
    }

    private func step(_ handler: ConfigurationSpec.Handler, at place: String) throws(Problem) -> HTTPPipeline.Step {
        guard let component = components.first(where: { $0.name == handler.name }) else {
            // The component says `ignoreErrors`, so the app starts; its requests must not slip past the step.
            if failed.contains(handler.name) { return HTTPPipeline.Step(name: handler.name, MissingMiddleware(handler.name)) }
            throw Problem(description: "Configuration: spec.\(place) names the component \(handler.name), which is not loaded")
        }
        let types = [component.descriptor.type] + component.descriptor.aliases
        guard types.contains(where: { $0.lowercased() == handler.type.lowercased() }) else {
            throw Problem(
                description:
                    "Configuration: spec.\(place) names \(handler.name) as \(handler.type), but it is a \(component.descriptor.type)")
        }
        guard let middleware = component.instance as? any HTTPMiddleware else {
            throw Problem(description: "Configuration: spec.\(place) names \(handler.name), which is no HTTP middleware")
        }
        return HTTPPipeline.Step(name: component.name, middleware, lease: component.lease)
    }
}
