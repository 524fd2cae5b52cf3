// MechaExpressions (L0): the Common Expression Language, in which YAML states routing rules
// (`event.type == "order"`) and circuit breaker trips (`consecutiveFailures > 5`).
//
// Text becomes tokens (CELLexer), a tree whose names are resolved (CELParser), a CELProgram; the program
// is evaluated any number of times, on any thread. Expressions come from people and values from the
// network, so both are bounded (CELLimits): nesting, length, and the work of one evaluation. Patterns of
// `matches` run in time linear to the text (RegularExpression). Errors name line and column.
// It may import MechaCore.
