#!/bin/sh
# Fetches cuda.h, the one header that gorgonia.org/cu needs, into DIR: 0.9 MB, from the wheel
# nvidia-cuda-runtime-cu12. Prints the directory for CGO_CFLAGS. Nothing else of CUDA is needed to build or
# link. PYTHON is the interpreter whose pip is used.
set -eu
dir=${1:?usage: cuda-headers.sh DIR}
python=${PYTHON:-python3}
wheel=nvidia-cuda-runtime-cu12==12.4.127
if [ ! -f "$dir/include/cuda.h" ]; then
  rm -rf "$dir"
  mkdir -p "$dir"
  "$python" -m pip download -q --disable-pip-version-check --no-deps --only-binary :all: -d "$dir" "$wheel" >&2 || {
    rm -rf "$dir"
    echo "no cuda.h: pip could not fetch $wheel" >&2
    exit 1
  }
  "$python" - "$dir" <<'PY'
import glob, os, shutil, sys, zipfile
folder = sys.argv[1]
prefix = "nvidia/cuda_runtime/include/"
wheel = zipfile.ZipFile(glob.glob(folder + "/nvidia_cuda_runtime_cu12-*.whl")[0])
wheel.extractall(folder, [n for n in wheel.namelist() if n.startswith(prefix)])
os.rename(folder + "/" + prefix.rstrip("/"), folder + "/include")
shutil.rmtree(folder + "/nvidia")
PY
  rm -f "$dir"/*.whl
fi
echo "$(cd "$dir" && pwd)/include"
