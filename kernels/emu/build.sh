#!/bin/sh
# Builds OUTDIR/libcuda.so.1: the emulator with all kernels, those of tests included, as host code. Which kernels there are is read from
# the sources; what has not changed since is not compiled again. EXTRA adds compiler flags, CXX is the compiler.
set -eu
mkdir -p "${1:?usage: build.sh OUTDIR}"
out=$(cd "$1" && pwd)
cd "$(dirname "$0")"
cxx=${CXX:-g++}
command -v "$cxx" >/dev/null || {
  echo "no $cxx: install it (apt-get install --no-install-recommends g++), or set CXX" >&2
  exit 1
}
flags="-O2 -g -fPIC -std=c++17 -ffp-contract=off -fsanitize=bounds -fsanitize-undefined-trap-on-error -fvisibility=hidden -fno-extern-tls-init -Wall -Wno-unknown-pragmas -Wno-unused-function ${EXTRA:-}"
if [ "$(cat "$out/flags" 2>/dev/null)" != "$cxx $flags" ]; then
  rm -f "$out"/*.o
  echo "$cxx $flags" >"$out/flags"
fi
# fresh OBJECT SOURCE...: is the object newer than its sources and what all include?
fresh() {
  object=$1
  shift
  [ -f "$object" ] && [ -z "$(find "$@" ../*.h ./*.h build.sh -newer "$object")" ]
}
objects=
for cu in ../*.cu ../testdata/*.cu; do
  name=$(basename "$cu" .cu)
  objects="$objects $out/$name.cu.o"
  fresh "$out/$name.cu.o" "$cu" && continue
  {
    echo "#include \"$cu\""
    sed -nE 's/^extern "C" __global__ void (__launch_bounds__\([^)]*\) )?([A-Za-z0-9_]+)\(.*/EMU_EXPORT(\2)/p' "$cu"
    # "extern __shared__ T name[]" becomes 48 KiB of the thread's storage
    sed -nE 's/.*extern __shared__ [A-Za-z0-9_ ]+ ([A-Za-z0-9_]+)\[\].*/\1/p' "$cu" | sort -u | while read -r d; do
      printf '__asm__(".section .tbss,\\"awT\\",@nobits\\n.weak %s\\n.hidden %s\\n.type %s,@tls_object\\n' "$d" "$d" "$d"
      printf '.size %s,49152\\n.p2align 8\\n%s:\\n.zero 49152\\n.text\\n");\n' "$d" "$d"
    done
  } >"$out/gen_$name.cpp"
  $cxx $flags -I. -I.. -include emu_device.h -c "$out/gen_$name.cpp" -o "$out/$name.cu.o"
done
for cpp in *.cpp; do
  object=$out/${cpp%.cpp}.o
  objects="$objects $object"
  fresh "$object" "$cpp" || $cxx $flags -c "$cpp" -o "$object"
done
# Why the rename: a program that has the old library open keeps it.
$cxx -shared -Wl,-soname,libcuda.so.1 -o "$out/libcuda.so.1.new" $objects -ldl -lpthread
mv "$out/libcuda.so.1.new" "$out/libcuda.so.1"
