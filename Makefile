.PHONY: protos

# Regenerate Sources/MechaProto/Generated from Protos/.
protos:
	scripts/protos.sh
