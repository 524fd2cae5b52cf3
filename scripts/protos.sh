#!/bin/sh
# Reproduces Sources/MechaProto/Generated from Protos/. Called by `make protos`.
#
# protoc comes with PyPI's grpcio-tools (into .build/venv); protoc-gen-swift is built from the
# swift-protobuf that Package.swift resolves, so that generated code and library fit each other.
set -eu
cd "$(dirname "$0")/.."

python=.build/venv/bin/python
if ! $python -c 'import grpc_tools' 2>/dev/null; then
    python3 -m venv .build/venv
    $python -m pip install --quiet 'grpcio-tools==1.85.1'
fi

[ -d .build/checkouts/swift-protobuf ] || swift package resolve
swift build --package-path .build/checkouts/swift-protobuf --scratch-path .build/protoc-gen-swift \
    --product protoc-gen-swift
plugin=$(swift build --package-path .build/checkouts/swift-protobuf --scratch-path .build/protoc-gen-swift \
    --show-bin-path)/protoc-gen-swift

generated=Sources/MechaProto/Generated
rm -rf "$generated"
mkdir -p "$generated"

# Reflection's v1alpha is read with the messages of v1 (same numbers and types): no Swift for it.
messages=$(cd Protos && find . -name '*.proto' ! -path '*/v1alpha/*' | sed 's|^\./||' | sort)
# What a client may ask reflection about: the services that a runtime serves or calls on its app.
described=$(cd Protos && find dapr google grpc -name '*.proto' | sort)

# shellcheck disable=SC2086 # lists of paths without spaces
$python -m grpc_tools.protoc --proto_path=Protos --plugin="protoc-gen-swift=$plugin" \
    --swift_out="$generated" \
    --swift_opt=Visibility=Package --swift_opt=FileNaming=PathToUnderscores \
    $messages
# shellcheck disable=SC2086
$python -m grpc_tools.protoc --proto_path=Protos --include_imports \
    --descriptor_set_out=.build/described.binpb $described
# shellcheck disable=SC2086
$python -m grpc_tools.protoc --proto_path=Protos --include_imports \
    --descriptor_set_out=.build/messages.binpb $messages

$python scripts/generate-rpcs.py .build/messages.binpb .build/described.binpb "$generated"
