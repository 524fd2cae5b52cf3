// ComponentTests
