#!/bin/bash
# One command from a bare Debian 12 to a compressed picture:
#   apps/quickstart.sh [IMAGE]
# installs the packages that are missing, builds the program to build/laconic, encodes IMAGE (by default a sample
# picture) and decodes it again; everything it writes lies in build/quickstart/.
set -euo pipefail

if [ $# -gt 1 ] || [ "${1:-}" = --help ] || [ "${1:-}" = -h ]; then
  echo "usage: apps/quickstart.sh [IMAGE]"
  [ $# = 1 ]
  exit
fi
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
image=${1:-$root/data/samples/valley.png}
if [ ! -r "$image" ]; then
  echo "quickstart: cannot read $image" >&2
  exit 2
fi
image=$(realpath "$image")

bash "$root/apps/install-deps.sh"
generator=()
if [ ! -f "$root/build/CMakeCache.txt" ]; then generator=(-G Ninja); fi
cmake -S "$root" -B "$root/build" "${generator[@]}" -DCMAKE_BUILD_TYPE=Release >/dev/null
cmake --build "$root/build" --target laconic

out=$root/build/quickstart
mkdir -p "$out"
name=$(basename "$image")
stem=${name%.*}
laconic=$root/build/laconic
echo
"$laconic" encode "$image" "$out/$stem.lac"
"$laconic" decode "$out/$stem.lac" "$out/$stem.decoded.png"
echo
"$laconic" compare "$image" "$out/$stem.lac"
echo "the picture:      $image ($(stat -c %s "$image") bytes)"
echo "compressed:       $out/$stem.lac ($(stat -c %s "$out/$stem.lac") bytes)"
echo "decoded again:    $out/$stem.decoded.png"
echo "the program:      $laconic (try: laconic --help)"
