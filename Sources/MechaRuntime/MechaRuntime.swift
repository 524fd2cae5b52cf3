// MechaRuntime (L5): the composition root. The only module that names concrete components and front
// ends; it puts a process together from options, reloads it when files change, and takes it down.
