// MechaManifest (L0): what people write down. Reads YAML and JSON files of resources (Component,
// Configuration, Subscription, Resiliency, HTTPEndpoint; sections 3.2 and 4 of the Dapr surface; Function) and
// run templates (`dapr.yaml`, section 3.3) into immutable values, and says of everything that is wrong
// in which file, line, resource and field it stands and what was expected. Also resolves references
// (secrets, environment, templates) by injected look-ups, and compares two sets for hot reload.
//
//   YAML/           text -> bounded tree with positions      Decoding/   tree -> fields, problems collected
//   Resources/, Configuration/, RunTemplate/   the values    Loading/    files, folders, sets, differences
//   Resolving/      references -> text
//
// It may import MechaCore and CYaml, the libyaml that comes with the Yams package. Yams' own Node API is
// not used: it recurses without limit, hashes alias-expanded keys (a small file could hang it), stops at
// the first duplicate key, and loads regular expressions for each scalar's type.
