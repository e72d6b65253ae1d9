//go:build cgo && amd64

#include "loops.h"

TABLE(native_generic);
