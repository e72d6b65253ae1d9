#!/bin/sh
# Compiles each .cu here and in testdata to the .ptx beside it, with clang alone. `ptx.sh --check` compares instead: a
# stale, missing or orphaned .ptx is an error. `ptx.sh NAME.cu...` makes only those.
# The text depends on the compiler's version: clang 14.0.6, that of Debian 12, makes the committed files.
set -eu
cd "$(dirname "$0")"
clang=${CLANG:-clang-14}
command -v "$clang" >/dev/null || {
  echo "no $clang: install it (apt-get install --no-install-recommends clang-14), or set CLANG" >&2
  exit 1
}
check=
if [ "${1:-}" = --check ]; then
  check=yes
  shift
fi
[ $# -gt 0 ] || set -- *.cu testdata/*.cu
temp=$(mktemp -d)
mkdir "$temp/testdata"
trap 'rm -rf "$temp"' EXIT
failed=0
for cu; do
  ptx=${cu%.cu}.ptx
  "$clang" -x cuda -std=c++17 -O3 -ffp-contract=off -fdeclspec \
    --cuda-device-only --cuda-gpu-arch=sm_70 -nocudainc -nocudalib -Wall -Wno-unknown-cuda-version \
    -Xclang -target-feature -Xclang +ptx64 \
    -include device.h -S "$cu" -o "$temp/$ptx"
  # Why: without .rn the driver may make one operation of two, and bits differ from those of other tiers.
  if grep -nE '^[[:space:]]+(mul|add|sub)\.f(32|64)' "$temp/$ptx" >&2; then
    echo "$cu: these do not round by themselves" >&2
    failed=1
  fi
  if [ -z "$check" ]; then
    cmp -s "$temp/$ptx" "$ptx" || cp "$temp/$ptx" "$ptx"
  elif ! cmp "$temp/$ptx" "$ptx" >&2; then
    echo "$ptx is stale: run kernels/ptx.sh" >&2
    failed=1
  fi
done
for ptx in *.ptx testdata/*.ptx; do
  [ -e "$ptx" ] || continue
  if [ ! -f "${ptx%.ptx}.cu" ]; then
    echo "$ptx has no ${ptx%.ptx}.cu" >&2
    failed=1
  fi
done
exit $failed
