#!/bin/bash
# Installs what building and testing Laconic needs on Debian 12; does nothing when all of it is there.
#   apps/install-deps.sh [--eval]
# --eval adds what rd.py, rd_video.py and rd_audio.py in apps/eval need: Python's numpy, scipy, matplotlib and Pillow, and the
# codecs that they compare with.
# Runs as root or with sudo, asks nothing. Used by apps/quickstart.sh and tests/run.sh.
set -euo pipefail

packages=(
  build-essential cmake ninja-build pkg-config ccache
  libtorch-dev                # brings gflags, glog and protobuf, which its CMake package asks for
  libopenblas0-openmp         # LibTorch calls whatever libblas.so.3 is; the reference BLAS is twenty times slower
  libopencv-dev
  libavformat-dev libavcodec-dev libavutil-dev libswscale-dev libswresample-dev
  ffmpeg                      # the program: makes the films of the tests
  libpng-dev
  libgdk-pixbuf-2.0-dev libgdk-pixbuf2.0-bin
  libgstreamer1.0-dev libgstreamer-plugins-base1.0-dev
  gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-good  # to test the plugin with
  libgtest-dev libbenchmark-dev
  libcli11-dev nlohmann-json3-dev libfmt-dev libspdlog-dev
  python3
)
eval_packages=(
  python3-numpy python3-scipy python3-matplotlib python3-pil
  libjpeg-turbo-progs webp libavif-bin libjxl-tools
)

say() { echo "install-deps: $*" >&2; }

case "$*" in
  "") ;;
  --eval) packages+=("${eval_packages[@]}") ;;
  *) say "usage: apps/install-deps.sh [--eval]"; exit 1 ;;
esac

as_root=()
if [ "$(id -u)" != 0 ]; then as_root=(sudo); fi
need_root() {
  if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
    say "$1 needs root: run this as root or install sudo"
    exit 1
  fi
}

is_installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

install_missing() {
  local missing=() package
  for package in "${packages[@]}"; do
    is_installed "$package" || missing+=("$package")
  done
  if [ ${#missing[@]} = 0 ]; then return; fi
  need_root "installing ${missing[*]}"
  say "installing ${missing[*]}"
  local quiet=(-qq -o Dpkg::Use-Pty=0 -o Acquire::Retries=3)
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get "${quiet[@]}" update </dev/null
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get "${quiet[@]}" install -y --no-install-recommends \
    "${missing[@]}" </dev/null >/dev/null
}

# Several BLAS can be installed at once; Debian's alternatives system decides which one programs get.
choose_fast_blas() {
  local triplet name current wanted
  triplet=$(dpkg-architecture -qDEB_HOST_MULTIARCH 2>/dev/null || gcc -print-multiarch)
  for name in libblas.so.3 liblapack.so.3; do
    current=$(readlink -f "/usr/lib/$triplet/$name" || true)
    wanted="/usr/lib/$triplet/openblas-openmp/$name"
    case $current in
      "$wanted"*|"/usr/lib/$triplet/openblas-openmp/"*) continue ;;
    esac
    need_root "selecting OpenBLAS"
    say "selecting $wanted as $name"
    "${as_root[@]}" update-alternatives --set "$name-$triplet" "$wanted" >/dev/null
  done
}

if ! command -v apt-get >/dev/null; then
  say "this is not a Debian system; install the equivalents of: ${packages[*]}"
  exit 1
fi
install_missing
choose_fast_blas
