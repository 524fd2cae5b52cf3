// InMemory
