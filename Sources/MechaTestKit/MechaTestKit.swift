// MechaTestKit: what tests of several modules share. Conformance suites for every kind of component
// (Conformance/), a clock that stands still until told, temporary folders, and real server processes
// that end with the test whatever happens. It may import L0 and L1 modules and no test framework: a
// suite hands back its failures, and the test reports them.
